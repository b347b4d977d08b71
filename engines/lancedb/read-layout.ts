import type { ReadAs } from '../contract/points.js';
import type { LanceSchema } from './client.js';
import { foreignLayout } from './foreign.js';
import { keptIn, type Layout, ownLayout } from './layout.js';

/**
 * Reads a table's columns, whoever made it.
 * @throws FailureError if it has no id or no vector, or a column that no point can hold
 */
export function layoutOf(name: string, schema: LanceSchema, as: ReadAs = {}): Layout {
  const kept = keptIn(schema);
  return kept === null ? foreignLayout(name, schema, as) : ownLayout(name, schema, kept);
}
