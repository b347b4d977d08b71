import type { Verdict, Verdicts } from '../harness/model/verdict.js';
import { plural } from './format.js';

/** How a verdict counts: `fail` turns the build red, `warn` does not. */
export type Mark = 'pass' | 'warn' | 'fail' | 'error';

export function markOf({ state, level }: Verdict, inconclusive: Verdicts['inconclusive']): Mark {
  if (state === 'pass') return 'pass';
  if (state === 'inconclusive') {
    if (inconclusive === 'off') return 'pass';
    return level === 'error' && inconclusive === 'error' ? 'fail' : 'warn';
  }
  if (level === 'warn') return 'warn';
  return state;
}

/** A gate's name; in a run over several datasets with the one that was judged. */
export function labelOf({ name, dataset }: Verdict): string {
  return dataset === undefined ? name : `${name} on ${dataset}`;
}

/** One sentence: `5 gates: 3 passed, 1 failed, 1 inconclusive.` */
export function gateSentence({ verdicts, outcome }: Verdicts): string {
  const count = (state: Verdict['state']) => verdicts.filter((each) => each.state === state).length;
  const words: [number, string][] = [
    [count('error'), 'could not be judged'],
    [count('fail'), 'failed'],
    [count('inconclusive'), 'inconclusive'],
    [count('pass'), 'passed'],
  ];
  const parts = words.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const end = outcome === 'passed' ? 'The run passes.' : 'The run does not pass.';
  return `${plural(verdicts.length, 'gate')}: ${parts.join(', ')}. ${end}`;
}

/** What the run was compared with; undefined without a baseline. */
export function baselineSentence({ baseline, verdicts }: Verdicts): string | undefined {
  if (baseline === null) return undefined;
  const name = baseline.name === null ? '' : `"${baseline.name}", `;
  const pairing =
    baseline.pairing === 'paired'
      ? 'compared query by query (same dataset and queries)'
      : 'other queries on the same dataset: compared without pairs, which shows less';
  return `Baseline ${name}${baseline.runs.join(', ')}: ${pairing}${rebuildText(verdicts)}.`;
}

/** What is known of rebuilds, as far as changes were judged by query. */
function rebuildText(verdicts: readonly Verdict[]): string {
  const found = verdicts.flatMap(({ findings }) => findings).filter(({ rebuild }) => rebuild !== null);
  if (found.length === 0) return '';
  const most = (side: 'now' | 'before') => Math.max(...found.map(({ builds }) => builds?.[side] ?? 1));
  const counts = `${plural(most('now'), 'build')} against ${most('before')}`;
  return found.some(({ rebuild }) => rebuild!.from === 'assumed')
    ? `; ${counts}: what a rebuild alone changes is assumed, not measured`
    : `; ${counts}, whose scatter is taken into account`;
}

export function lockSentence({ lock }: Verdicts): string | undefined {
  if (lock.state === 'none') return undefined;
  if (lock.state === 'same') return 'The gates are those that were locked.';
  return `The gates differ from those that were locked: ${lock.changed.join('; ')}`;
}

/** A verdict as text: what was expected, what was found, and why. */
export function verdictLines(verdict: Verdict, mark: Mark): string[] {
  const { state, expected, found, n, message } = verdict;
  const name = labelOf(verdict);
  const head = mark === 'warn' && state !== 'pass' ? `${state.toUpperCase()} (warning)` : state.toUpperCase();
  if (state === 'pass') return [`gate ${head} ${name}   found: ${found}`];
  const size = n === null ? '' : `   n: ${n}`;
  const lines = [`gate ${head} ${name}`, `  expected: ${expected}   found: ${found}${size}`];
  return message === '' ? lines : [...lines, `  ${message}`];
}
