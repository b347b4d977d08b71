import { InputError } from '../../common/errors.js';
import type { Derived } from '../derive/current.js';
import { parityTrials } from '../derive/parity-trials.js';
import type { GateSet } from '../gate/gates.js';
import { judge, needsBaseline } from '../gate/judge.js';
import type { Manifest } from '../model/manifest.js';
import { outcomeOf, VERDICT_SCHEMA, type Verdicts } from '../model/verdict.js';
import { type Baseline, defaultBaseline, findBaseline } from '../store/baselines.js';
import { partsOf, readManifest } from '../store/manifests.js';
import type { RunFolder } from '../store/run-folder.js';
import { writeVerdicts } from '../store/verdicts.js';
import { readGates } from '../suite/parse.js';
import { baselineRuns, loadBaseline } from './baseline-data.js';
import type { Context } from './context.js';
import { withCauses } from './find-causes.js';
import { compareWithLock } from './gate-lock.js';
import { sayChanges } from './open-run.js';
import { readTextFile, type SuiteText } from './places.js';

export interface JudgeOptions {
  /** Name of a baseline, or runs separated by commas; the baseline `main` if absent and there is one. */
  baseline?: string | undefined;
  /** Take the gates of this suite (a path, or the suite itself) instead of the run's own. */
  suite?: string | SuiteText | undefined;
}

/**
 * Judges a stored run by its suite's gates and writes `verdicts.json`. Undefined where there are no gates.
 * @throws InputError where the baseline cannot be compared with
 */
export async function judgeRun(
  folder: RunFolder,
  derived: Derived,
  options: JudgeOptions,
  context: Context,
): Promise<Verdicts | undefined> {
  const { results } = derived;
  const manifest = readManifest(folder);
  const { set: whole, source, lock } = gatesFor(manifest, options);
  const set = gatesOn(whole, manifest);
  if (set.gates.length === 0) return undefined;
  const baseline = chooseBaseline(set, options, context, manifest);
  const before = baseline && (await baselineRuns(baseline, folder, manifest));
  const data = before && (await loadBaseline(baseline.name, before, { folder, manifest, ...derived }, set));
  const found = judge({
    set,
    trials: results.trials,
    parity: parityTrials(results),
    baseline: data,
  });
  // Runs that can be compared have the same depths.
  const k = manifest.ks.at(-1)!;
  const verdicts = await withCauses(
    found,
    { folder, trials: results.trials, k },
    before && { folder: before[0]!.folder, trials: before[0]!.results.trials, k },
  );
  const judged: Verdicts = {
    schema: VERDICT_SCHEMA,
    run: manifest.id,
    suite: source,
    inconclusive: set.inconclusive,
    baseline:
      data === undefined
        ? null
        : { name: data.name, runs: [...data.runs], pairing: data.paired ? 'paired' : 'unpaired' },
    lock,
    outcome: outcomeOf(verdicts, set.inconclusive),
    verdicts,
  };
  writeVerdicts(folder, judged);
  return judged;
}

/** Of a part of a run over several datasets: the gates that are not about another one of them. */
function gatesOn(set: GateSet, { dataset, partOf }: Manifest): GateSet {
  if (partOf === undefined) return set;
  const others = partOf.datasets.filter((name) => name !== dataset.name);
  const isOthers = ({ selectors }: GateSet['gates'][number]) =>
    selectors.some(({ key, value }) => key === 'dataset' && others.includes(value));
  return { ...set, gates: set.gates.filter((gate) => !isOthers(gate)) };
}

function gatesFor(manifest: Manifest, { suite }: JudgeOptions) {
  if (suite === undefined) {
    const set = readGates(manifest.suite.text, manifest.suite.path);
    return {
      set,
      source: manifest.suite.path,
      lock: manifest.lock ?? { state: 'none' as const, changed: [] },
    };
  }
  const { text, given, path } =
    typeof suite === 'string' ? { text: readTextFile(suite, 'the suite'), given: suite, path: suite } : suite;
  const set = readGates(text, given);
  if (set.gates.length === 0) {
    throw new InputError('this suite has no gates', {
      where: given,
      next: 'add gates: to it; see docs/gates.md',
    });
  }
  return { set, source: given, lock: compareWithLock(path, set) };
}

function chooseBaseline(
  set: GateSet,
  { baseline }: JudgeOptions,
  context: Context,
  { partOf, dataset }: Manifest,
): Baseline | undefined {
  if (!set.gates.some(needsBaseline)) {
    // Another dataset of the run may have such a gate.
    if (baseline === undefined || partOf !== undefined) return undefined;
    throw new InputError('a baseline was given, but no gate compares with one', {
      where: '--baseline',
      got: baseline,
      next: 'add a gate such as "recall@10: drop(baseline) < 0.2pt" to the suite',
    });
  }
  const found = baseline === undefined ? defaultBaseline(context.runs) : findBaseline(context.runs, baseline);
  sayChanges(found?.folders ?? [], context);
  return found && { ...found, folders: found.folders.map((folder) => onDataset(folder, dataset.name)) };
}

/** Of a run over several datasets the part on this one. */
function onDataset(folder: RunFolder, name: string): RunFolder {
  const parts = partsOf(folder);
  if (parts === undefined) return folder;
  const part = parts.find((each) => each.name === name);
  if (part !== undefined) return part.folder;
  throw new InputError(`the baseline has no dataset "${name}"`, {
    where: folder.path,
    got: parts.map((each) => each.name).join(', '),
    next: 'give a baseline of the same suite, or set a new one: vecproof baseline set <run> --name main',
  });
}
