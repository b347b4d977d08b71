import type { DifferenceKind } from '../../migration/rehearsal/ledger.js';

const LOSS_WORDS: Readonly<Record<DifferenceKind, string>> = {
  lost: 'lost',
  older: 'as an older state',
  deleted: 'back after their deletion',
  stranger: 'of strangers',
  content: 'with other content',
};

/** `3 rows lost, 1 as an older state`; `nothing lost`. */
export function lossWords(counts: Readonly<Partial<Record<DifferenceKind, number | undefined>>>): string {
  const parts = (Object.keys(LOSS_WORDS) as DifferenceKind[]).flatMap((kind) => {
    const count = counts[kind] ?? 0;
    return count === 0 ? [] : [`${count} ${LOSS_WORDS[kind]}`];
  });
  if (parts.length === 0) return 'nothing lost';
  const [first, ...rest] = parts;
  return [first!.replace(/^1 /, '1 row ').replace(/^(?!1 row )(\d+) /, '$1 rows '), ...rest].join(', ');
}
