import { fromTypedText } from '../mapping/typed-id.js';
import { passes } from './compare.js';
import type { Pending } from './model.js';
import { MOST, type MonitorState } from './state.js';
import type { Known, Subject } from './subject.js';

/** So many are looked at in a round. */
const LOOKS = 20;

/**
 * Asks again for points that the target should not have returned: after the lag they are findings, unless they are gone by
 * then; and findings end once the target no longer returns them.
 */
export async function lookAgain(
  subject: Subject,
  known: Known,
  state: MonitorState,
  now: number,
  lagMs: number,
): Promise<void> {
  const due = state.pending.filter(({ since }) => now - since >= lagMs).slice(0, LOOKS);
  for (const each of due) {
    const still = await isStillSo(subject, known, each);
    if (still === undefined) continue;
    state.pending.splice(state.pending.indexOf(each), 1);
    const { since: _, ...finding } = each;
    if (!still) continue;
    if (state.findings.length < MOST.findings) state.findings.push(finding);
    else state.totals.notLookedAt++;
  }
  for (const finding of state.findings.slice(0, LOOKS)) {
    const still = await isStillSo(subject, known, finding);
    if (still === undefined) continue;
    state.findings.splice(state.findings.indexOf(finding), 1);
    // To the end: the others are looked at next.
    if (still) state.findings.push(finding);
  }
}

/** Undefined: a side did not answer. */
async function isStillSo(
  { source, target }: Subject,
  known: Known,
  { query: id, row }: Omit<Pending, 'since'>,
): Promise<boolean | undefined> {
  const query = known.queries.find((each) => each.id === id);
  const pointId = fromTypedText(row)?.id;
  // The query is no longer asked: nobody can say.
  if (query === undefined || pointId === undefined) return false;
  const own = query.filter === null ? { filter: null } : known.filterOf(query.filter);
  if ('why' in own) return false;
  const answer = await target.ask(query, own.filter);
  if (answer.state === 'failed') return undefined;
  if (!answer.ids.includes(known.ids.toTarget(pointId))) return false;
  try {
    const [point] = await source.get([pointId]);
    return point === undefined || (query.filter !== null && !passes(query.filter, point));
  } catch {
    await source.close();
    return undefined;
  }
}
