;; Copies lines and puts a prefix before each: sixteen bytes at a time, looking for newlines as they pass.
;; What it is compiled to is in prefix-wasm.ts: `npm run wasm` writes it anew.
(module
  ;; 4 MiB
  (memory (export "memory") 64)
  ;; Takes the bytes from `from` to `end`, the last of which is a newline, and writes to `to`. Gives where that ends.
  ;; The prefix is at 0, `prefix` bytes of 32. Up to 32 bytes behind either end are read, or written, as well.
  (func (export "prefix")
    (param $from i32) (param $end i32) (param $to i32) (param $prefix i32) (result i32)
    (local $bytes v128) (local $newlines i32) (local $length i32)
    (loop $line
      (v128.store (local.get $to) (v128.load (i32.const 0)))
      (v128.store offset=16 (local.get $to) (v128.load (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (local.get $prefix)))
      (loop $more
        (local.set $bytes (v128.load (local.get $from)))
        (v128.store (local.get $to) (local.get $bytes))
        ;; A bit for each of the sixteen that is a newline.
        (local.set $newlines
          (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 10)))))
        (if (i32.eqz (local.get $newlines))
          (then
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (br $more))))
      ;; Up to the first of them; what was copied behind it is overwritten.
      (local.set $length (i32.add (i32.ctz (local.get $newlines)) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (local.get $length)))
      (local.set $to (i32.add (local.get $to) (local.get $length)))
      (br_if $line (i32.lt_u (local.get $from) (local.get $end))))
    (local.get $to)))
