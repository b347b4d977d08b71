import { InputError } from '../../common/errors.js';
import type { DerivedRun } from '../derive/run.js';
import { outcomeOf, VERDICT_SCHEMA, type Verdicts } from '../model/verdict.js';
import { writeVerdicts } from '../store/verdicts.js';
import type { Context } from './context.js';
import { type JudgeOptions, judgeRun } from './judge-run.js';

/**
 * Judges each dataset of a run over several by itself: a gate that selects a dataset on that one, any other on each.
 * Writes `verdicts.json` of every part, and of the run with all of them. Undefined where there are no gates.
 * @throws as `judgeRun`
 */
export async function judgeDatasets(
  { folder, parts }: DerivedRun,
  options: JudgeOptions,
  context: Context,
): Promise<Verdicts | undefined> {
  const judged: { name: string; verdicts: Verdicts }[] = [];
  for (const { name, folder: part, derived } of parts) {
    const verdicts = await judgeRun(part, derived, options, context);
    if (verdicts !== undefined) judged.push({ name, verdicts });
  }
  const first = judged[0]?.verdicts;
  if (first === undefined) return undefined;
  const verdicts = judged.flatMap((each) =>
    each.verdicts.verdicts.map(({ name, ...rest }) => ({ name, dataset: each.name, ...rest })),
  );
  if (options.baseline !== undefined && judged.every((each) => each.verdicts.baseline === null)) {
    throw new InputError('a baseline was given, but no gate compares with one', {
      where: '--baseline',
      got: options.baseline,
      next: 'add a gate such as "recall@10: drop(baseline) < 0.2pt" to the suite',
    });
  }
  const all: Verdicts = {
    schema: VERDICT_SCHEMA,
    run: folder.id,
    suite: first.suite,
    inconclusive: first.inconclusive,
    baseline: baselineOf(judged.map((each) => each.verdicts.baseline)),
    lock: first.lock,
    outcome: outcomeOf(verdicts, first.inconclusive),
    verdicts,
  };
  writeVerdicts(folder, all);
  return all;
}

function baselineOf(each: readonly Verdicts['baseline'][]): Verdicts['baseline'] {
  const known = each.filter((baseline) => baseline !== null);
  if (known.length === 0) return null;
  return {
    name: known[0]!.name,
    runs: known.flatMap(({ runs }) => runs),
    pairing: known.every(({ pairing }) => pairing === 'paired') ? 'paired' : 'unpaired',
  };
}
