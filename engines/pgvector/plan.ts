import type { Row } from './client.js';

/** What EXPLAIN says. */
export interface Plan {
  text: string;
  /** Index whose order is followed; undefined: none. */
  index: string | undefined;
  /** Index that only finds rows, which are then sorted. */
  bitmap: string | undefined;
}

export function planOf(rows: readonly Row[]): Plan {
  const text = rows.map(([line]) => line).join('\n');
  return {
    text,
    index: /Index (?:Only )?Scan using "?([^\s"]+)"? on/.exec(text)?.[1],
    bitmap: /Bitmap Index Scan on "?([^\s"]+)"?/.exec(text)?.[1],
  };
}

/**
 * How many filters the planner answers from which index: it may rightly find the few rows that pass by the index of a
 * field and compare them all, which is exact, rather than walk the vector index.
 */
export class FilterPlans {
  readonly #vectorIndex: string | undefined;
  readonly #counts = new Map<string, number>();

  constructor(vectorIndex: string | undefined) {
    this.#vectorIndex = vectorIndex;
  }

  add({ index, bitmap }: Plan): void {
    const byVector = index !== undefined && index === this.#vectorIndex;
    const kind = byVector ? 'vector index' : index || bitmap ? 'field index' : 'scan';
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** `filterPlans: 'field index 12, vector index 3'`; nothing where no filter was translated. */
  counted(): { filterPlans?: string } {
    if (this.#counts.size === 0) return {};
    const parts = [...this.#counts].sort().map(([kind, count]) => `${kind} ${count}`);
    return { filterPlans: parts.join(', ') };
  }
}
