import { shorten } from '../../common/errors.js';
import type { PointId } from '../../engines/contract/ids.js';
import { keyText, type RowChange } from '../changes/change.js';
import { missingOf, type Row } from '../load/write-batch.js';
import { changesOf, isRowChange, type OpenCutover } from './cutover.js';

/** How source and target stand to each other after the log was applied once more. */
export interface CaughtUp {
  /** Seconds that the target was behind before; null: not at all. */
  behind: number | null;
  /** Rows that the log names. */
  touched: number;
  /** Those that differ, in words; at most some of them. */
  differing: readonly string[];
  /** Deleted rows that the target has. */
  returned: readonly string[];
}

const ROUNDS = 3;
const SHOWN = 20;

/**
 * Applies what the log holds to the target, and compares every row that it names on both sides. Rows that change
 * meanwhile are looked at again.
 * @throws ReembeddingError where vectors are evidently made anew, and the plan does not say so
 */
export async function catchUp(open: OpenCutover, collection: string, signal: AbortSignal): Promise<CaughtUp> {
  const { log, replayer } = open;
  const { oldestAt } = await log.backlog('target');
  const behind = oldestAt === null ? null : Math.max(0, (Date.now() - oldestAt) / 1000);
  let among: ReadonlySet<string> | undefined;
  for (let round = 1; ; round++) {
    await replayer.drain(await log.watermark(), signal);
    const { touched, wrong } = await compare(open, collection, among);
    if (wrong.length === 0 || round === ROUNDS) {
      const words = (returned: boolean) =>
        wrong.filter((each) => each.returned === returned).map((each) => each.words);
      const [differing, returned] = [words(false), words(true)];
      return {
        behind,
        touched,
        differing: differing.slice(0, SHOWN),
        returned: returned.slice(0, SHOWN),
      };
    }
    among = new Set(wrong.map(({ key }) => key));
  }
}

interface Wrong {
  key: string;
  returned: boolean;
  words: string;
}

async function compare(
  open: OpenCutover,
  collection: string,
  among: ReadonlySet<string> | undefined,
): Promise<{ touched: number; wrong: Wrong[] }> {
  const seen = new Set<string>();
  const wrong: Wrong[] = [];
  for await (const page of changesOf(open.log, collection)) {
    const fresh = page.filter(isRowChange).filter((change) => !seen.has(keyText(change)));
    for (const change of fresh) seen.add(keyText(change));
    const rows = new Map(fresh.map((change) => [keyText(change), change]));
    const chosen = [...rows].filter(([key]) => among === undefined || among.has(key));
    wrong.push(...(await compareRows(open, chosen)));
  }
  return { touched: seen.size, wrong };
}

/** The source as it is now, as the mapping wants it, against the target. */
async function compareRows(
  { source, target, load, batch, idOf }: OpenCutover,
  rows: readonly (readonly [string, RowChange])[],
): Promise<Wrong[]> {
  if (rows.length === 0) return [];
  const found = await source.get(rows.map(([, { id }]) => id));
  const there = new Map(found.map((point) => [point.id, point]));
  const wanted = rows.flatMap(([key, { id }]): (Row & { key: string })[] => {
    const point = there.get(id);
    return point === undefined ? [] : [{ row: 0, point: load.apply(point), key }];
  });
  const gone = rows.filter(([, { id }]) => !there.has(id));
  const back = new Set<PointId>(
    gone.length === 0 ? [] : (await target.get(gone.map(([, change]) => idOf(change)))).map(({ id }) => id),
  );
  const differing = wanted.length === 0 ? [] : ((await missingOf(batch, wanted)) as typeof wanted);
  return [
    ...differing.map(({ key, point: { id } }) => ({
      key,
      returned: false,
      words: `id ${shorten(id)} is not in the target as the source has it`,
    })),
    ...gone
      .filter(([, change]) => back.has(idOf(change)))
      .map(([key, { id }]) => ({
        key,
        returned: true,
        words: `id ${shorten(id)} was deleted, and is in the target`,
      })),
  ];
}
