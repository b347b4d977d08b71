import { LOSSES } from '../../../migration/mapping/mapping.js';

/**
 * The table of all pairs in `docs/migration.md`, between two marks: each cell has the letters of the losses that a
 * mapping tells of the canaries.
 */
const TABLE = /(?<=<!-- matrix: written by the tests -->\n)[\s\S]*(?=<!-- end of matrix -->)/;
const NOTHING = '–';

/** Losses in the order of the mapping's own list. */
export function lossesOfRow(losses: readonly string[]): string[] {
  return LOSSES.filter((each) => losses.includes(each));
}

/** The page with the table of what was told, by `source → target`; pairs that were not asked stay as they are. */
export function withMatrix(page: string, asked: ReadonlyMap<string, readonly string[]>): string {
  if (!TABLE.test(page)) throw new Error('the page has no place for the matrix');
  const told = new Map<string, readonly string[]>([...readMatrix(page), ...asked]);
  const pairs = [...told.keys()].map((pair) => pair.split(' → ') as [string, string]);
  const [from, to] = [0, 1].map((side) => [...new Set(pairs.map((pair) => pair[side]!))]);
  const met = lossesOfRow([...told.values()].flat());
  const letterOf = new Map(met.map((loss, i) => [loss as string, letter(i)]));
  const cell = (pair: string) => {
    const losses = told.get(pair);
    if (losses === undefined) throw new Error(`${pair} was not measured`);
    return losses.length === 0
      ? NOTHING
      : lossesOfRow(losses)
          .map((loss) => letterOf.get(loss))
          .join(' ');
  };
  const lines = [
    ['from, to', ...to!],
    ['---', ...to!.map(() => '---')],
    ...from!.map((source) => [source, ...to!.map((target) => cell(`${source} → ${target}`))]),
  ].map((cells) => `| ${cells.join(' | ')} |`);
  const legend = met.map((loss) => `${letterOf.get(loss)} \`${loss}\``).join(', ');
  return page.replace(TABLE, () => `\n${lines.join('\n')}\n\n${legend}\n\n`);
}

/** What the page says, by `source → target`. */
export function readMatrix(page: string): Map<string, string[]> {
  const text = TABLE.exec(page)?.[0] ?? '';
  const letters = new Map(
    [...text.matchAll(/\b([a-z]+) `([a-z-]+)`/g)].map(([, key, loss]) => [key!, loss!]),
  );
  const [head = [], , ...rows] = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((each) => each.trim()),
    );
  return new Map(
    rows.flatMap(([source, ...cells]) =>
      cells.map((each, i): [string, string[]] => [
        `${source} → ${head[i + 1]}`,
        each === NOTHING ? [] : each.split(' ').map((key) => letters.get(key) ?? key),
      ]),
    ),
  );
}

function letter(at: number): string {
  return String.fromCharCode(97 + (at % 26)).repeat(1 + Math.floor(at / 26));
}
