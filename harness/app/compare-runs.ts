import { InputError } from '../../common/errors.js';
import { currentResults } from '../derive/current.js';
import { compareStored, type StoredSide } from '../derive/parity.js';
import type { Manifest } from '../model/manifest.js';
import type { ParityResult } from '../model/results.js';
import { readManifest } from '../store/manifests.js';
import { readQueryFacts } from '../store/queries.js';
import type { RunFolder } from '../store/run-folder.js';
import { chooseTrial } from '../suite/parity.js';
import { readTruth } from '../truth/files.js';

/** Two trials of one stored run, or of two. */
export interface CompareRequest {
  /** Series, build or trial id, or selectors such as `engine:…,ef:64`, in the first run. */
  reference: string;
  /** Named in the same way, in the second run. */
  candidate: string;
  /** Hits compared; default: the largest k that both runs measured. */
  k?: number | undefined;
}

/**
 * Compares two trials answer by answer; nothing is measured.
 * @throws InputError where they cannot be compared: other data, no such trial, or one that did not complete
 */
export async function compareRuns(
  first: RunFolder,
  second: RunFolder,
  request: CompareRequest,
): Promise<ParityResult> {
  const [mine, theirs] = [readManifest(first), readManifest(second)];
  comparable(second, mine, theirs);
  const k = depthOf(request.k, mine, theirs);
  const reference = await sideOf(first, mine, '--reference', request.reference);
  const candidate = await sideOf(second, theirs, '--candidate', request.candidate);
  if (first.path === second.path && reference.row.id === candidate.row.id) {
    throw new InputError('the candidate is the reference itself', {
      where: '--candidate',
      got: request.candidate,
      next: 'name another trial, or the same one of another run',
    });
  }
  const result = await compareStored({
    name: 'parity',
    k,
    reference,
    candidate,
    truth: await readTruth(first.truth),
    facts: readQueryFacts(first),
  });
  if (result.state === 'measured') return result;
  throw new InputError('these trials cannot be compared', {
    where: second.path,
    got: result.reason ?? undefined,
    next: 'compare trials that were completed',
  });
}

/** Equal hashes prove that both were asked the same of the same points. */
function comparable(folder: RunFolder, mine: Manifest, theirs: Manifest): void {
  const parts: readonly [string, string, string][] = [
    ['dataset', mine.dataset.hash, theirs.dataset.hash],
    ['metric', mine.dataset.metric, theirs.dataset.metric],
    ['set of queries', mine.queries.hash, theirs.queries.hash],
  ];
  for (const [what, a, b] of parts) {
    if (a === b) continue;
    throw new InputError(`the runs have another ${what}: their answers cannot be compared one by one`, {
      where: folder.path,
      got: `${b.slice(0, 12)}; the first run has ${a.slice(0, 12)}`,
      next: 'measure both on the same dataset with the same queries and seed',
    });
  }
}

function depthOf(given: number | undefined, mine: Manifest, theirs: Manifest): number {
  const deepest = Math.min(mine.ks.at(-1)!, theirs.ks.at(-1)!);
  if (given === undefined || given <= deepest) return given ?? deepest;
  throw new InputError('no search of these runs asked for as many hits', {
    where: '--k',
    got: given,
    next: `use at most ${deepest}`,
  });
}

async function sideOf(
  folder: RunFolder,
  manifest: Manifest,
  option: string,
  choice: string,
): Promise<StoredSide> {
  const found = chooseTrial(choice, manifest.plan);
  if ('fault' in found) {
    throw new InputError(found.fault, {
      where: option,
      got: choice,
      next: 'name a series, build or trial, or selectors such as engine:…,ef:64',
    });
  }
  const row = (await currentResults(folder)).results.trials.find(({ id }) => id === found.trial)!;
  return { folder, manifest, row };
}
