/** One figure a line, aligned. */
export function print(what: string, figure: string, note = ''): void {
  process.stdout.write(`${what.padEnd(52)} ${figure.padStart(24)}  ${note}\n`.trimEnd().concat('\n'));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('no values');
  return middle;
}
