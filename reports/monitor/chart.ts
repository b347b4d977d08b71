/** A small chart of rounds, oldest at the left. */
export interface Chart {
  title: string;
  label: string;
  last: string;
  low: string;
  high: string;
  legend: string | undefined;
  lines: readonly { kind: string; points: string }[];
}

const WIDTH = 320;
const HEIGHT = 90;
const EDGE = 6;

/** Undefined: there is nothing to draw. Rounds without a value are gaps. */
export function chartOf(
  title: string,
  series: readonly { kind: 'target' | 'source'; values: readonly (number | undefined)[] }[],
  format: (value: number) => string,
  legend?: string,
): Chart | undefined {
  const values = series.flatMap((each) => each.values.filter((value) => value !== undefined));
  const last = series[0]?.values.findLast((value) => value !== undefined);
  if (last === undefined) return undefined;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low;
  const count = Math.max(2, ...series.map((each) => each.values.length));
  const at = (index: number, value: number) =>
    `${((index / (count - 1)) * WIDTH).toFixed(1)},${(HEIGHT - EDGE - (span === 0 ? 0.5 : (value - low) / span) * (HEIGHT - 2 * EDGE)).toFixed(1)}`;
  return {
    title,
    label: `${title}: ${format(last)} in the last of ${count} rounds, ${format(low)} to ${format(high)}`,
    last: format(last),
    low: format(low),
    high: format(high),
    legend,
    lines: series.flatMap(({ kind, values: of }) =>
      stretches(of).map((stretch) => ({
        kind,
        // One value alone is a short line.
        points: (stretch.length === 1
          ? [stretch[0]!, { ...stretch[0]!, index: stretch[0]!.index + 0.4 }]
          : stretch
        )
          .map(({ index, value }) => at(index, value))
          .join(' '),
      })),
    ),
  };
}

function stretches(values: readonly (number | undefined)[]): { index: number; value: number }[][] {
  const found: { index: number; value: number }[][] = [];
  let current: { index: number; value: number }[] = [];
  for (const [index, value] of values.entries()) {
    if (value !== undefined) current.push({ index, value });
    else if (current.length > 0) {
      found.push(current);
      current = [];
    }
  }
  return current.length > 0 ? [...found, current] : found;
}
