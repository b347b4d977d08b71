import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../common/paths.js';
import { FORMATS, fileEnding, formatOf } from '../../../datasets/formats/registry.js';

const folder = join(packageRoot, 'datasets', 'formats');

describe('the registry of formats', () => {
  it('has one row for every folder, and none for anything else', () => {
    const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const rows = folders.flatMap(({ name }) =>
      readdirSync(join(folder, name)).includes('format.ts') ? [name] : [],
    );
    expect(FORMATS.map(({ name }) => name).toSorted()).toEqual(rows.toSorted());
  });

  it('gives every ending to one format', () => {
    const endings = FORMATS.flatMap((format) => format.endings);
    expect(new Set(endings).size).toBe(endings.length);
    for (const ending of endings) expect(ending).toMatch(/^\.[a-z0-9.]+$/);
  });

  it.each(FORMATS)('knows $name by its endings, in any case of letters', (format) => {
    for (const ending of format.endings) {
      expect(formatOf(`/x/docs${ending}`)).toBe(format);
      expect(fileEnding(`/x/DOCS${ending.toUpperCase()}`)).toBe(ending);
    }
    expect(formatOf('/x/docs.unknown')).toBeUndefined();
  });

  it('is the only place that names a format: those who open datasets ask it', () => {
    const opening = readdirSync(join(packageRoot, 'datasets')).filter((name) =>
      /^(open|query).*\.ts$/.test(name),
    );
    for (const name of opening) {
      const text = readFileSync(join(packageRoot, 'datasets', name), 'utf8');
      for (const format of FORMATS) expect(text, name).not.toMatch(new RegExp(`['"/.]${format.name}['"/]`));
    }
  });
});
