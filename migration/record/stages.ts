import type { AnyEvent } from './log.js';
import type { RecordedFile, RecordedStage } from './model.js';

/** A stage by the events alone. */
export interface StageOf extends RecordedStage {
  evidence: readonly RecordedFile[];
  digest: string | undefined;
  /** Decisions that were awaited and are not taken. */
  awaited: readonly string[];
}

/** Every stage that the log names, in the order in which it does. */
export function stagesOf(events: readonly AnyEvent[]): Map<string, StageOf> {
  const names = new Set(events.flatMap(({ stage }) => stage ?? []));
  const taken = new Set(events.filter(({ type }) => type === 'accepted').map((event) => event['subject']));
  const stages = new Map([...names].map((name) => [name, stageOf(name, events, taken)]));
  for (const [name, stage] of stages) {
    const changed = stage.state === 'done' ? outdatedBy(name, events, stages) : undefined;
    if (changed !== undefined)
      stages.set(name, { ...stage, state: 'outdated', why: `the result of ${changed} is another one since` });
  }
  return stages;
}

function stageOf(name: string, events: readonly AnyEvent[], taken: ReadonlySet<unknown>): StageOf {
  const own = events.filter(({ stage, type }) => stage === name && type !== 'accepted');
  const last = own.findLastIndex(({ type }) => type === 'stage-started');
  const [started, ...after] = last < 0 ? [] : own.slice(last);
  const ended = after.findLast(({ type }) => type === 'stage-ended');
  const doubt = after.at(-1)?.type === 'stage-ended' ? undefined : after.at(-1);
  const decisions = (ended?.['decisions'] ?? []) as { subject: string; words: string }[];
  const awaited = decisions.filter(({ subject }) => !taken.has(subject)).map(({ words }) => words);
  const about = {
    stage: name,
    attempts: own.filter(({ type }) => type === 'stage-started').length,
    startedAt: started?.time,
    endedAt: ended?.time,
    seconds: ended?.['seconds'] as number | undefined,
    evidence: ((ended?.['evidence'] ?? []) as RecordedFile[]).map(({ file, sha256, bytes }) => ({
      file,
      sha256,
      bytes,
    })),
    digest: ended?.['digest'] as string | undefined,
    awaited,
  };
  if (started === undefined) return { ...about, state: 'not begun' };
  if (doubt !== undefined)
    return { ...about, state: 'doubted', why: String(doubt['why'] ?? doubt['reason'] ?? doubt.type) };
  if (ended === undefined) return { ...about, state: 'under way', why: 'it was begun and did not end' };
  const back = name === 'ramp' ? rolledBackIn(events) : undefined;
  if (back !== undefined) return { ...about, state: 'failed', why: back };
  if (ended['state'] === 'failed')
    return {
      ...about,
      state: ended['waits'] === true ? 'waiting' : 'failed',
      why: String(ended['problem'] ?? 'it failed'),
    };
  if (awaited.length > 0) return { ...about, state: 'waiting', why: 'a decision is awaited' };
  if (ended['state'] !== 'done')
    return { ...about, state: 'under way', why: 'its decisions are taken, it has not gone on' };
  return { ...about, state: 'done' };
}

/** Somebody has let the source answer all reads again, and nobody has begun the ramp anew; in words. */
function rolledBackIn(events: readonly AnyEvent[]): string | undefined {
  const last = events.findLast(
    ({ type, stage }) => type === 'rolled-back' || (type === 'again' && stage === 'ramp'),
  );
  return last?.type === 'rolled-back' ? `rolled back: ${String(last['reason'])}` : undefined;
}

/** The stage on whose result it stands that has another result by now; undefined: none. */
function outdatedBy(
  name: string,
  events: readonly AnyEvent[],
  stages: ReadonlyMap<string, StageOf>,
): string | undefined {
  const started = events.findLast(({ type, stage }) => type === 'stage-started' && stage === name);
  const inputs = (started?.['inputs'] ?? {}) as Record<string, string>;
  return Object.entries(inputs).find(([input, digest]) => {
    const other = stages.get(input);
    return other !== undefined && other.digest !== digest;
  })?.[0];
}
