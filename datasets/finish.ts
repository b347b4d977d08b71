import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError } from '../common/errors.js';
import { assembleDataset, type DatasetParts } from './assemble.js';
import { withBits } from './bits.js';
import type { Dataset } from './dataset.js';
import { readQrels } from './formats/qrels.js';
import { hashText } from './hash.js';
import type { OpenContext } from './open-context.js';
import { neighborsInFile, withListedNeighbors } from './provided-lists.js';
import { skipInvalid } from './skip-invalid.js';

/** Puts the parts of a dataset together as the user's options say: judgements given, invalid vectors left out. */
export async function finishDataset(parts: DatasetParts, options: OpenContext): Promise<Dataset> {
  const given = withJudgements(parts, options);
  const near = withNeighbors(given, options);
  const judged = withBits({ ...near, querySets: withListedNeighbors(near.points, near.querySets) });
  const kinds = options.skipInvalid ?? [];
  if (kinds.length === 0) return assembleDataset(judged);
  const { info } = judged;
  const { leftOut, ...kept } = await skipInvalid(judged.points, judged.querySets, {
    kinds,
    metric: info.metric,
    hash: info.hash,
    cacheFolder: options.cacheFolder,
    signal: options.signal,
    onChanged: options.onChanged,
  });
  const some = leftOut.filter(({ points, queries }) => points + queries > 0);
  const hash =
    kept.points === judged.points ? info.hash : hashText(JSON.stringify([info.hash, 'without', some]));
  const warnings = some.map(
    ({ kind, points, queries }) =>
      `left out: ${points} ${points === 1 ? 'point' : 'points'} and ${queries} ${queries === 1 ? 'query' : 'queries'} whose vector is ${kind}`,
  );
  return assembleDataset({
    ...judged,
    ...kept,
    info: { ...info, hash, leftOut, warnings: [...(info.warnings ?? []), ...warnings] },
  });
}

/** Judgements that the user gives are of the first set: the queries given with them, or the dataset's own. */
function withJudgements(parts: DatasetParts, { qrelsFile, baseFolder }: OpenContext): DatasetParts {
  const [first, ...others] = parts.querySets;
  if (qrelsFile === undefined || first === undefined) return parts;
  const path = resolve(baseFolder, qrelsFile);
  return { ...parts, querySets: [{ ...first, qrels: () => readQrels(path), qrelsFile: path }, ...others] };
}

/** Neighbours that the user gives are of the first set, too. */
function withNeighbors(parts: DatasetParts, { neighborsFile, baseFolder }: OpenContext): DatasetParts {
  const [first, ...others] = parts.querySets;
  if (neighborsFile === undefined || first === undefined) return parts;
  const path = resolve(baseFolder, neighborsFile);
  if (!existsSync(path))
    throw new InputError('the file of neighbours is not there', { where: path, next: 'check the path' });
  const providedTruth = () => neighborsInFile(path, parts.points, first.source);
  return { ...parts, querySets: [{ ...first, providedTruth }, ...others] };
}
