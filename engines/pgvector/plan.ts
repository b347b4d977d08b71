import type { Row } from './client.js';

/** What EXPLAIN says, as far as it matters here. */
export interface Plan {
  /** Nodes and their indexes. */
  text: string;
  /** Index whose order is followed; undefined: none. */
  index: string | undefined;
  /** Index that only finds rows, which are then sorted. */
  bitmap: string | undefined;
}

/** Of the rows of `EXPLAIN (FORMAT JSON)`. */
export function planOf(rows: readonly Row[]): Plan {
  const text = rows.map(([line]) => line).join('\n');
  const nodes = (JSON.parse(text) as { Plan: Node }[]).flatMap(({ Plan }) => nodesOf(Plan));
  const first = (...types: string[]) =>
    nodes.find((node) => types.includes(node['Node Type']))?.['Index Name'];
  return {
    text: JSON.stringify(nodes.map((node) => [node['Node Type'], node['Index Name']])),
    index: first('Index Scan', 'Index Only Scan'),
    bitmap: first('Bitmap Index Scan'),
  };
}

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  Plans?: readonly Node[];
}

function nodesOf(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/**
 * How many filters the planner answers from which index: it may rightly find the few rows that pass by the index of a
 * field and compare them all, which is exact, rather than walk the vector index.
 */
export class FilterPlans {
  readonly #vectorIndexes: readonly string[];
  readonly #counts = new Map<string, number>();

  constructor(vectorIndexes: readonly string[]) {
    this.#vectorIndexes = vectorIndexes;
  }

  add({ index, bitmap }: Plan): void {
    const byVector = index !== undefined && this.#vectorIndexes.includes(index);
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
