import { messageOf } from '../../common/errors.js';
import { shellWord } from '../plan/words.js';
import { causeOfLoss } from './causes.js';
import { MISSING } from './missing.js';
import type { Alert } from './model.js';
import type { Known, Subject } from './subject.js';
import type { Change, Watch } from './watch.js';

/** Rows and queries that an alert names. */
const NAMED = 20;

/** An alert names rows, cause and the command that asks both sides again. */
export async function alertOf(
  { gate, title, limit, from, to }: Change,
  {
    number,
    time,
    plan,
    watch,
    subject,
    known,
  }: { number: number; time: string; plan: string; watch: Watch; subject: Subject; known: Known | undefined },
): Promise<Alert> {
  const id = `${gate.replace(/[^\w.-]+/g, '-').slice(0, 40)}-${number}`;
  const { findings, missing, worst } = watch.state;
  const single = { never: findings, [MISSING]: missing.found }[gate];
  const named = single?.map(({ query, row }) => ({ query, rows: [row] })) ?? worst[gate] ?? [];
  const recovered = to !== 'fail';
  return {
    id,
    time,
    gate,
    from,
    to,
    words: `${title}: ${recovered ? 'the limit is kept again' : 'the limit is not kept'} (${limit})`,
    cause: recovered ? 'what was observed since then refutes that it still is not' : await cause(),
    rows: recovered ? [] : unique(named.flatMap(({ rows }) => rows)),
    queries: recovered ? [] : unique(named.map(({ query }) => query)),
    command: `vecproof monitor ${shellWord(plan)} --replay ${shellWord(id)}`,
  };

  async function cause(): Promise<string> {
    if (gate === 'never')
      return unique(findings.map(({ kind, row, why }) => `${kind}: ${row}, ${why}`))
        .slice(0, 5)
        .join('; ');
    if (gate === MISSING)
      return `the source has ${missing.found.length === 1 ? 'a point' : `${missing.found.length} points`} that the target has not, and has had the time to get: deleted there, or a write that was lost`;
    if (gate === 'errors') return watch.state.lastFailure.target ?? 'not established';
    if (gate.startsWith('scores')) return scoresCause();
    if (gate === 'visible')
      return 'markers that the target had acknowledged were found late, or not in time: its index is behind its writes';
    if (gate === 'latency') return 'a larger share of the target’s answers took longer, over whole rounds';
    if (gate === 'concentration')
      return 'the target answers unlike queries with the same points more often than the source does: hubs, or an index that reaches only a part';
    if (gate.startsWith('signal.')) return 'reported by the application, of answers from both sides';
    if (known === undefined) return 'not established: a side does not answer';
    try {
      return await causeOfLoss(subject, known, named);
    } catch (error) {
      return `not established: ${messageOf(error).split('\n', 1)[0]}`;
    }
  }

  function scoresCause(): string {
    const overlap = watch.verdicts().get('overlap');
    return overlap === 'fail'
      ? 'the target’s scores have changed, and so have its hits: other points, another index or another metric'
      : 'the target’s scores have changed, its overlap with the source has not: what is stored or asked has changed on both sides, or scores are computed otherwise (metric, normalisation, version of the engine)';
  }
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].slice(0, NAMED);
}
