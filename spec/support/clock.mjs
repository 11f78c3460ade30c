// Preloaded (node --import): the clock on the wall jumps a day ahead and a day back, an hour and a second, each time
// that it is looked at, also for dates. What goes by monotonic time does not notice.
const now = Date.now.bind(Date);
const jumps = [0, 86_400_000, -86_400_000, 3_600_000, -1000];
let looks = 0;
Date.now = () => now() + jumps[looks++ % jumps.length];
globalThis.Date = new Proxy(Date, {
  construct: (target, args) => new target(...(args.length === 0 ? [Date.now()] : args)),
});
