// Preloaded with `node --import`: each reading of the wall clock is off by a day, an hour or a second in either
// direction. Monotonic time is not changed.
const now = Date.now.bind(Date);
const OFFSETS_MS = [0, 86_400_000, -86_400_000, 3_600_000, -1000];
let readings = 0;
Date.now = () => now() + OFFSETS_MS[readings++ % OFFSETS_MS.length];
globalThis.Date = new Proxy(Date, {
  construct: (target, args) => new target(...(args.length === 0 ? [Date.now()] : args)),
});
