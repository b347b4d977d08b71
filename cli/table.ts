import { oneLine } from '../common/visible.js';

/** Rows as an aligned text table; columns are the first row's keys, numbers to the right. */
export function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => oneLine(String(row[name] ?? ''))))];
  const widths = names.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  const right = names.map((name) => rows.every((row) => typeof row[name] === 'number'));
  const lines = cells.map((line) =>
    line
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
