import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../common/files.js';
import { packageRoot } from '../common/paths.js';
import { engineNames, loadEngine } from '../engines/registry.js';
import { MEASURES } from '../harness/model/measures/catalogue.js';
import { EXECUTORS } from '../harness/run/executors/registry.js';
import { suiteJsonSchema } from '../harness/suite/json-schema.js';
import { manifestJsonSchema } from '../migration/export/manifest.js';
import { inventoryJsonSchema } from '../migration/inventory/model.js';
import { mappingJsonSchema } from '../migration/mapping/mapping.js';
import { planJsonSchema } from '../migration/plan/schema.js';
import { recordJsonSchema } from '../migration/record/model.js';
import { rehearsalJsonSchema } from '../migration/rehearsal/model.js';
import { validationJsonSchema } from '../migration/validate/model.js';
import { verificationJsonSchema } from '../migration/verify/model.js';
import { resultsJsonSchema } from '../reports/json.js';

/**
 * `npm run schemas`: writes what is published of the code's own declarations: JSON Schemas from the zod schemas, and the
 * table of measures in the documentation. A test holds them in step.
 */
export async function schemaFiles(): Promise<Record<string, string>> {
  const definitions = await Promise.all(engineNames().map(loadEngine));
  return {
    'suites/suite.schema.json': text(suiteJsonSchema(definitions, EXECUTORS)),
    'reports/results.schema.json': text(resultsJsonSchema()),
    'migration/export/manifest.schema.json': text(manifestJsonSchema()),
    'migration/inventory/inventory.schema.json': text(inventoryJsonSchema()),
    'migration/mapping/mapping.schema.json': text(mappingJsonSchema()),
    'migration/validate/validation.schema.json': text(validationJsonSchema()),
    'migration/plan/plan.schema.json': text(planJsonSchema()),
    'migration/rehearsal/rehearsal.schema.json': text(rehearsalJsonSchema()),
    'migration/record/record.schema.json': text(recordJsonSchema()),
    'migration/verify/verification.schema.json': text(verificationJsonSchema()),
    'docs/measures.md': withTable(readFileSync(join(packageRoot, 'docs/measures.md'), 'utf8')),
  };
}

function text(schema: unknown): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

const TABLE = /(?<=<!-- measures: written by npm run schemas -->\n)[\s\S]*(?=<!-- end of measures -->)/;

/** A page with the catalogue of measures between its two marks. */
function withTable(page: string): string {
  if (!TABLE.test(page)) throw new Error('docs/measures.md has no place for the table of measures');
  const cell = (words: string) => words.replaceAll('|', '\\|').replaceAll('\u202f', ' ');
  const rows = MEASURES.map(({ name, title, unit, better, kind, definition, absent }) =>
    [`\`${name}\``, title, unit, better, kind, definition, absent].map(cell).join(' | '),
  );
  const head = ['name', 'title', 'unit', 'better', 'kind', 'definition', 'absent if'];
  const lines = [head.join(' | '), head.map(() => '---').join(' | '), ...rows];
  return page.replace(TABLE, () => lines.map((line) => `| ${line} |\n`).join(''));
}

if (process.argv[2] === 'write') {
  for (const [path, content] of Object.entries(await schemaFiles()))
    writeFileAtomic(join(packageRoot, path), content);
}
