import { normalQuantile } from '../harness/measures/distributions.js';

/** `4.5% [2.4, 8.3]`: a share with Wilson's score interval, 95%. */
export function shareText(count: number, of: number): string {
  const z = normalQuantile(0.975);
  const p = count / of;
  const middle = (p + z ** 2 / (2 * of)) / (1 + z ** 2 / of);
  const half = (z / (1 + z ** 2 / of)) * Math.sqrt((p * (1 - p)) / of + z ** 2 / (4 * of ** 2));
  const percent = (share: number) => (100 * Math.min(1, Math.max(0, share))).toFixed(1);
  return `${percent(p)}% [${percent(middle - half)}, ${percent(middle + half)}]`;
}
