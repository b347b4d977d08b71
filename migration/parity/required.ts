import { existsSync } from 'node:fs';
import type { MetadataValue } from '../../datasets/dataset.js';
import type { PreparedMetadata } from '../../datasets/prepare.js';
import { flatten } from '../../engines/kit/check.js';
import { writeRequired } from '../../harness/store/required.js';
import { type RunFolder, samplesFile } from '../../harness/store/run-folder.js';
import { readSamples } from '../../harness/store/samples.js';
import type { MappedField } from '../mapping/mapping.js';
import type { Side } from './side.js';

/**
 * Reads every point that the target has returned by its id, and records those that lack a required field or have
 * another value in it than the source.
 */
export async function checkRequired(
  folder: RunFolder,
  trials: readonly { id: string; k: number }[],
  fields: readonly MappedField[],
  target: Side,
  metadata: PreparedMetadata,
  idOf: (row: number) => string,
): Promise<void> {
  const required = fields.filter((field) => field.required);
  const names = required.map(({ to, from }) => to ?? from);
  const known = new Map<number, string[]>();
  for (const { id, k } of trials) {
    const path = samplesFile(folder, id);
    if (!existsSync(path)) continue;
    const { rows: returned } = await readSamples(path, k);
    const rows = [...new Set(returned)].filter((row) => row >= 0);
    const fresh = rows.filter((row) => !known.has(row));
    const points = await target.points(fresh);
    for (const row of fresh) {
      const flat = flatten(points.get(row)?.metadata ?? {});
      known.set(row, lacking(required, flat, metadata, row));
    }
    const bad = rows.filter((row) => known.get(row)!.length > 0).sort((a, b) => a - b);
    writeRequired(folder, {
      schema: 1,
      trial: id,
      fields: names,
      checked: rows.length,
      rows: bad.map((row) => ({ row, id: idOf(row), missing: known.get(row)! })),
    });
  }
}

function lacking(
  required: readonly MappedField[],
  flat: Readonly<Record<string, unknown>>,
  metadata: PreparedMetadata,
  row: number,
): string[] {
  const { columns } = metadata.read(row, 1);
  return required.flatMap(({ from, to, as }) => {
    const here = to !== null && Object.hasOwn(flat, to) ? flat[to] : null;
    const there = columns[from]?.[0] ?? null;
    // Of a value that the mapping changes only that it is there can be asked.
    const same = as === 'is' ? textOf(here as MetadataValue) === textOf(there) : here !== null;
    return here === null || !same ? [to ?? from] : [];
  });
}

/** Numbers by value, whatever carries them. */
function textOf(value: MetadataValue): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'bigint' || typeof each === 'number' ? `number ${String(each)}` : each,
  );
}
