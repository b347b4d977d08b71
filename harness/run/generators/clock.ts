/**
 * Where this thread's performance.now() has its zero on the machine's monotonic clock, in ms: threads of a process count
 * from different moments. Of several looks the one between whose readings the least time passed.
 */
export function zeroOfClock(): number {
  let [least, zero] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < 10; i++) {
    const before = performance.now();
    const monotonic = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= least) continue;
    least = after - before;
    zero = monotonic - (before + after) / 2;
  }
  return zero;
}
