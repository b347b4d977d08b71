import { EXIT, type ExitCode, InputError } from '../../common/errors.js';
import { currentResults } from '../../harness/derive/current.js';
import { compareStored, type StoredSide } from '../../harness/derive/parity.js';
import type { Manifest } from '../../harness/model/manifest.js';
import { readQueryFacts } from '../../harness/store/queries.js';
import { findRun, type RunFolder, readManifest } from '../../harness/store/run-folder.js';
import { chooseTrial } from '../../harness/suite/parity.js';
import { readTruth } from '../../harness/truth/files.js';
import { paritySentence, parityTable } from '../../reports/parity.js';
import type { CommandContext } from '../context.js';
import { table } from '../table.js';

export interface ParityCommand {
  reference: string;
  candidate: string;
  k?: number;
  json?: boolean;
}

/** `vecproof parity`: two trials of one stored run, or of two, compared answer by answer; nothing is measured. */
export async function parityCommand(
  run: string,
  other: string | undefined,
  options: ParityCommand,
  context: CommandContext,
): Promise<ExitCode> {
  const first = findRun(run, context.runs);
  const second = other === undefined ? first : findRun(other, context.runs);
  const [mine, theirs] = [readManifest(first), readManifest(second)];
  comparable(second, mine, theirs);
  const k = depthOf(options.k, mine, theirs);
  const reference = await sideOf(first, mine, '--reference', options.reference);
  const candidate = await sideOf(second, theirs, '--candidate', options.candidate);
  if (first.path === second.path && reference.row.id === candidate.row.id) {
    throw new InputError('the candidate is the reference itself', {
      where: '--candidate',
      got: options.candidate,
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
  if (result.state === 'absent') {
    throw new InputError('these trials cannot be compared', {
      where: second.path,
      got: result.reason ?? undefined,
      next: 'compare trials that were completed',
    });
  }
  if (options.json === true) context.out.write(`${JSON.stringify(result)}\n`);
  else context.out.write(`${paritySentence(result)}\n\n${table(parityTable(result))}`);
  for (const note of result.notes) context.err.write(`note: ${note}\n`);
  return EXIT.passed;
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
