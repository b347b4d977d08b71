import { describe, expect, test } from 'vitest';
import { checkPoints } from '../../harness/conformance/points/checks.js';
import { checkDurability } from '../../harness/conformance/points/durability.js';
import type { PointContender } from '../../harness/conformance/points/session.js';
import { pointFactsOf } from '../../harness/conformance/suite.js';
import { api, contenders, mayOverlap, reached } from './session.js';

test.each(contenders)('$name declares what it does with whole points, or that it keeps none', (each) => {
  const { points, metadata } = each.definition.capabilities;
  expect(points === null || metadata !== null).toBe(true);
});

/** Whole points, by every engine that keeps them: on its server, and in its modes that start nothing (`pglite`). */
for (const contender of contenders.filter(({ definition }) => definition.capabilities.points !== null)) {
  const { name, definition, missing, standIn, suffix } = contender;
  const held: PointContender = { ...reached(definition), facts: pointFactsOf(definition, contender.facts) };
  // Most of what a server is asked here it answers after a wait of its own; each check has its own collections.
  const concurrent = mayOverlap(definition, standIn);
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, { concurrent }, () => checkPoints(api, held));
  if (definition.server !== undefined)
    describe.skipIf(missing !== undefined)(`${name}${suffix}`, () => checkDurability(api, held));

  const own = definition.server?.modes.filter((mode) => mode !== 'docker' && mode !== 'url') ?? [];
  for (const mode of own) {
    const facts = pointFactsOf(definition, contender.facts, mode);
    describe(`${name} ${mode}`, () =>
      checkPoints(api, { definition, facts, reach: async () => ({ mode }), shared: true }));
  }
}
