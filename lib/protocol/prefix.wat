;; Copies lines with a prefix before each, sixteen bytes at a time. `npm run wasm` compiles this file into prefix-wasm.ts.
(module
  ;; 4 MiB
  (memory (export "memory") 64)
  ;; Copies the bytes from `from` to `end`, which end with a newline, to `to`, and returns the end of the output. The prefix
  ;; is at 0, with `prefix` bytes of at most 32; up to 32 bytes after both ends are read or written as well.
  (func (export "prefix")
    (param $from i32) (param $end i32) (param $to i32) (param $prefix i32) (result i32)
    (local $bytes v128) (local $newlines i32) (local $length i32)
    (loop $line
      (v128.store (local.get $to) (v128.load (i32.const 0)))
      (v128.store offset=16 (local.get $to) (v128.load (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (local.get $prefix)))
      (loop $copy
        (local.set $bytes (v128.load (local.get $from)))
        (v128.store (local.get $to) (local.get $bytes))
        ;; One bit for each of the sixteen bytes, set for a newline.
        (local.set $newlines
          (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 10)))))
        (if (i32.eqz (local.get $newlines))
          (then
            (local.set $from (i32.add (local.get $from) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (br $copy))))
      ;; The line ends at the first newline. The bytes that were copied after it are overwritten.
      (local.set $length (i32.add (i32.ctz (local.get $newlines)) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (local.get $length)))
      (local.set $to (i32.add (local.get $to) (local.get $length)))
      (br_if $line (i32.lt_u (local.get $from) (local.get $end))))
    (local.get $to)))
