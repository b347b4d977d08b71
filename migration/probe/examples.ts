/** How often something was met, and the ids of the first ones. */
export interface Met {
  count: number;
  examples: string[];
}

const EXAMPLES = 5;

export function met(): Met {
  return { count: 0, examples: [] };
}

export function meet(into: Met, example: string): void {
  into.count++;
  if (into.examples.length < EXAMPLES) into.examples.push(example);
}
