import { expect, it } from 'vitest';
import { sameInEffect } from '../../../harness/derive/same-in-effect.js';
import { row } from '../gate/rows.js';

it('settings that the engine raised to one are one; another depth, build, workload or group is not', () => {
  const raised = (id: string, more = {}) => row(id, {}, { effective: { ef: 100 }, k: 100, ...more });
  const rows = [
    raised('ef16'),
    raised('ef64'),
    row('ef100', {}, { k: 100 }),
    row('ef200', {}, { k: 100 }),
    raised('other-build-ef16', { build: 'c' }),
    raised('k10-ef16', { k: 10 }),
    raised('group-ef16', { group: 'g' }),
    raised('failed-ef16', { state: 'failed' }),
  ];
  expect(sameInEffect(rows).map(({ sameAs }) => sameAs)).toEqual([
    undefined,
    'ef16',
    'ef16',
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
