import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../../common/regular-file.js';
import { cutoverOf, type OpenCutover, withCutover } from '../cutover.js';
import type { Decision } from '../events.js';
import { hashOf } from '../hash.js';
import type { Stage, StageResult, Work } from '../stage.js';
import { type ReadCounts, type ReadTotals, rampOf, readsOfAll, setRamp } from '../switches.js';
import { wayBack } from '../way-back.js';
import { captured } from './captured.js';
import { caughtUp, problemOf } from './synchronise.js';

const RESULT = 'ramp.json';

interface Ramped extends Pick<ReadTotals, 'now'> {
  steps: { share: number; at: string; before: ReadCounts; wayBack: string }[];
  /** Absent in results of earlier versions. */
  seen?: ReadTotals['seen'];
}

async function run(work: Work): Promise<StageResult> {
  return withCutover(work, (open) => step(work, open));
}

/** One look, and at most one step. */
async function step(work: Work, open: OpenCutover): Promise<StageResult> {
  const { ramp, lag } = cutoverOf(work);
  const before = rampedBefore(work);
  const { steps } = before;
  const told = await readsOfAll(
    open.flags,
    captured(work),
    before.seen && { now: before.now!, seen: before.seen },
  );
  let { share, rolledBack } = await rampOf(open.flags);
  if (rolledBack !== undefined) {
    if (steps.length > 0 || work.doubtedAt === undefined)
      return failed(
        work,
        { steps, ...told },
        `it was rolled back: ${rolledBack}; --again ramp begins it anew`,
      );
    share = 0;
    await setRamp(open.flags, { share });
  }
  const bad = await judgeStep(work, open, { steps, ...told }, share);
  if (bad !== undefined) return bad;
  const next = ramp.shares.find((each) => each > share);
  if (next === undefined) return done(work, { steps, ...told });
  const synchronised = await caughtUp(work, open);
  const problem = problemOf(synchronised);
  if (problem !== undefined) return failed(work, { steps, ...told }, problem);
  if ('behind' in synchronised && (synchronised.behind ?? 0) > lag)
    return waits(
      work,
      { steps, ...told },
      `the target was ${synchronised.behind!.toFixed(0)} s behind the log: nobody follows it; "--follow" does, or a Replayer of the application (consumer "target")`,
    );
  const back = await wayBack(open, cutoverOf(work).collection);
  if (!back.alive) return failed(work, { steps, ...told }, `the way back is not alive: ${back.words}`);
  const decision = decisionOf(work, next, back.words);
  if (!work.accepted.has(decision.subject)) {
    write(work, { steps, ...told });
    return { state: 'blocked', evidence: [RESULT], decisions: [decision] };
  }
  const at = new Date().toISOString();
  // Noted before it is done: a crash between the two leaves a share that counts from too early, not from never.
  const after = { steps: [...steps, { share: next, at, before: told.now, wayBack: back.words }], ...told };
  write(work, after);
  await setRamp(open.flags, { share: next });
  return waits(work, after, `the target answers ${percent(next)} of reads since now`);
}

/** Undefined: what there was at this share is enough, and good. */
async function judgeStep(
  work: Work,
  { flags }: OpenCutover,
  ramped: Ramped,
  share: number,
): Promise<StageResult | undefined> {
  const { ramp } = cutoverOf(work);
  const last = ramped.steps.at(-1);
  if (share === 0 || last === undefined) return undefined;
  const answered = ramped.now.target.answered - last.before.target.answered;
  const missed = ramped.now.target.failed - last.before.target.failed;
  const all = answered + missed;
  if (missed > 0 && missed > ramp.errors * Math.max(all, ramp.reads)) {
    const why = `${missed} of ${all} reads of the target failed at a share of ${percent(share)}`;
    await setRamp(flags, { share: 0, rolledBack: why });
    return failed(work, ramped, `${why}: the source answers all reads again`);
  }
  if (answered < ramp.reads)
    return waits(work, ramped, `${answered} of ${ramp.reads} reads at a share of ${percent(share)}`);
  return undefined;
}

function decisionOf(work: Work, share: number, back: string): Decision {
  return {
    id: `ramp:${share * 100}`,
    subject: hashOf({ ramp: share, again: work.doubtedAt ?? null }),
    words: `the target is to answer ${percent(share)} of reads`,
    details: [
      back,
      'one switch takes everything back: --rollback; it happens by itself when too many reads fail',
    ],
  };
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))}%`;
}

/** Those of an earlier ramp count no more once somebody wants it anew: they were put aside. */
function rampedBefore({ path }: Work): Pick<Ramped, 'steps'> & Partial<Ramped> {
  if (!existsSync(path(RESULT))) return { steps: [] };
  return JSON.parse(readRegularText(path(RESULT), MOST_RECORD)) as Ramped;
}

function write({ path }: Work, ramped: Ramped): void {
  writeFileAtomic(path(RESULT), `${JSON.stringify(ramped, undefined, 2)}\n`);
}

function failed(work: Work, ramped: Ramped, problem: string): StageResult {
  write(work, ramped);
  return { state: 'failed', evidence: [RESULT], problem };
}

function waits(work: Work, ramped: Ramped, problem: string): StageResult {
  write(work, ramped);
  return { state: 'failed', waits: true, evidence: [RESULT], problem };
}

function done(work: Work, ramped: Ramped): StageResult {
  write(work, ramped);
  return { state: 'done', evidence: [RESULT], digest: hashOf(ramped.steps), decisions: [] };
}

export const rampStage: Stage = {
  name: 'ramp',
  title: 'Ramp',
  does: 'lets the target answer a growing share of reads; each step is somebody’s decision',
  entry:
    'answers agree, those of the synchronised sides, too; touched rows are equal; what is written through the log is in the source, too',
  exit: 'the target answers all reads, and no more of them fail than is accepted',
  reads: ['confirm'],
  ofCutover: true,
  inputs: ({ plan }) => ({ shares: plan.cutover?.ramp.shares }),
  locked: ({ plan }) => ({ errors: plan.cutover?.ramp.errors, reads: plan.cutover?.ramp.reads }),
  output: [RESULT],
  run,
  report: ({ path }) => {
    const { steps, now } = JSON.parse(readRegularText(path(RESULT), MOST_RECORD)) as Ramped;
    const last = steps.at(-1);
    return {
      says:
        last === undefined
          ? 'the source answers all reads'
          : `the target answers ${percent(last.share)} of reads`,
      figures: [
        { term: 'answered by the target', value: now.target.answered, detail: `${now.target.failed} failed` },
        { term: 'answered by the source', value: now.source.answered, detail: `${now.source.failed} failed` },
      ],
      tables:
        steps.length === 0
          ? []
          : [
              {
                title: 'Steps',
                open: true,
                columns: ['share', 'since', 'the way back then'],
                rows: steps.map(({ share, at, wayBack: words }) => [percent(share), at, words]),
              },
            ],
    };
  },
};
