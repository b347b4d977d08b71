import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { resultsSchema } from '../../../harness/model/results.js';
import { renderJson, resultsJsonSchema } from '../../../reports/json.js';
import { fixture } from './fixture.js';

const published = join(packageRoot, 'reports/results.schema.json');

describe('JSON', () => {
  it('is the results and nothing else', () => {
    const { results } = fixture({ troubled: true });
    expect(JSON.parse(renderJson(results))).toEqual(results);
    expect(renderJson(results).endsWith('}\n')).toBe(true);
  });

  it('is what the store reads back', () => {
    const { results } = fixture({ troubled: true });
    expect(resultsSchema.parse(JSON.parse(renderJson(results)))).toEqual(results);
  });
});

describe('the published JSON Schema', () => {
  it('is in step with the store', () => {
    const text = `${JSON.stringify(resultsJsonSchema(), null, 2)}\n`;
    if (process.env['VECPROOF_WRITE_SCHEMA'] === '1') writeFileSync(published, text);
    expect(readFileSync(published, 'utf8')).toBe(text);
  });

  const validate = new Ajv2020({ strict: false }).compile(
    JSON.parse(readFileSync(published, 'utf8')) as Record<string, unknown>,
  );

  it('accepts results with and without trouble', () => {
    for (const troubled of [false, true]) {
      const read: unknown = JSON.parse(renderJson(fixture({ troubled }).results));
      expect(validate(read), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  it.each([
    ['an unknown state', (trial: Record<string, unknown>) => Object.assign(trial, { state: 'done' })],
    [
      'a measure without n',
      (trial: Record<string, unknown>) =>
        Object.assign(trial, { measures: { x: { value: 1, low: null, high: null } } }),
    ],
    [
      'an unmeasured figure as null',
      (trial: Record<string, unknown>) =>
        Object.assign(trial, { measures: { x: { value: null, low: null, high: null, n: 1 } } }),
    ],
    ['an unknown key', (trial: Record<string, unknown>) => Object.assign(trial, { extra: 1 })],
    ['a trial without id', (trial: Record<string, unknown>) => delete trial['id']],
  ])('refuses %s', (_, change) => {
    const { results } = fixture();
    change(results.trials[0] as unknown as Record<string, unknown>);
    expect(validate(results)).toBe(false);
  });
});
