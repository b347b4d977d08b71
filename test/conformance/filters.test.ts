import { describe } from 'vitest';
import {
  checkGenerated,
  checkRefusals,
  checkTable,
  type Generated,
  hasFilters,
} from '../../harness/conformance/filters/checks.js';
import { checkEdges } from '../../harness/conformance/filters/edges.js';
import { checkFieldNames } from '../../harness/conformance/filters/names.js';
import { api, contenderOf, contenders, mayOverlap } from './session.js';

/** Filters tried on each engine; more of them, or others: set these. */
const RUNS = Number(process.env['VECPROOF_FILTER_RUNS'] ?? 600);
const SEED = Number(process.env['VECPROOF_FILTER_SEED'] ?? 5);

for (const contender of contenders) {
  const { name, definition, missing, standIn, suffix } = contender;
  const held = contenderOf(contender);
  // pgvector's client has one connection, which answers one query after the other.
  const concurrent = mayOverlap(definition, standIn) && name !== 'pgvector';
  const generated: Generated = { runs: RUNS, seed: SEED, concurrent };

  describe(`${name}: what it refuses`, () => checkRefusals(api, held));
  if (!hasFilters(contender)) continue;
  const block = describe.skipIf(missing !== undefined);
  block(`${name} by hand${suffix}`, { concurrent }, () => checkTable(api, held));
  block(`${name}${suffix}`, () => checkGenerated(api, held, generated));
  block(`${name}: names of fields${suffix}`, { concurrent }, () => checkFieldNames(api, held));
  block(`${name}: values at the edge${suffix}`, { concurrent }, () => checkEdges(api, held));
}
