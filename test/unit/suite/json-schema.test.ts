import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../../common/paths.js';
import { schemaFiles } from '../../../scripts/write-schemas.js';

const suites = join(packageRoot, 'suites');
const schema = JSON.parse(readFileSync(join(suites, 'suite.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ strict: false }).compile(schema);

const suite = (engine: object) => ({
  version: 1,
  name: 'x',
  dataset: 'debian-packages-20k',
  engines: [engine],
});

describe('published JSON Schemas', () => {
  it('are what the code says (npm run schemas writes them)', async () => {
    for (const [path, content] of Object.entries(await schemaFiles())) {
      expect(readFileSync(join(packageRoot, path), 'utf8'), path).toBe(content);
    }
  });

  it('accept every suite that comes with the project', () => {
    const files = readdirSync(suites).filter((name) => name.endsWith('.yaml'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const valid = validate(parse(readFileSync(join(suites, file), 'utf8')));
      expect(validate.errors ?? [], file).toEqual([]);
      expect(valid).toBe(true);
    }
  });

  it.each([
    ['an unknown engine', { use: 'nope' }],
    ['a parameter of another engine', { use: 'hnswlib', search: { nprobe: 4 } }],
    ['a wrong type', { use: 'usearch', index: { m: '16k' } }],
    ['an empty sweep', { use: 'usearch', search: { ef: [] } }],
    ['an unknown key', { use: 'usearch', serach: { ef: 10 } }],
  ])('refuse %s', (_, engine) => {
    expect(validate(suite(engine))).toBe(false);
  });

  it('accepts a value and a sweep', () => {
    expect(validate(suite({ use: 'usearch', index: { m: 16 }, search: { ef: [10, 20] } }))).toBe(true);
  });
});
