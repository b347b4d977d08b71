/** How often something was met, and the ids of the first ones. */
export interface Met {
  count: number;
  examples: string[];
}

const EXAMPLES = 5;

export function met(): Met {
  return { count: 0, examples: [] };
}

/** @param times that it was met there */
export function meet(into: Met, example: string, times = 1): void {
  into.count += times;
  if (into.examples.length < EXAMPLES) into.examples.push(example);
}
