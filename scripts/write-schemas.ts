import { join } from 'node:path';
import { writeFileAtomic } from '../common/files.js';
import { packageRoot } from '../common/paths.js';
import { engineNames, loadEngine } from '../engines/registry.js';
import { suiteJsonSchema } from '../harness/suite/json-schema.js';
import { resultsJsonSchema } from '../reports/json.js';

/** `npm run schemas`: writes the published JSON Schemas from the zod schemas; a test holds them in step. */
export async function schemaFiles(): Promise<Record<string, string>> {
  const definitions = await Promise.all(engineNames().map(loadEngine));
  return {
    'suites/suite.schema.json': text(suiteJsonSchema(definitions)),
    'reports/results.schema.json': text(resultsJsonSchema()),
  };
}

function text(schema: unknown): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (process.argv[2] === 'write') {
  for (const [path, content] of Object.entries(await schemaFiles()))
    writeFileAtomic(join(packageRoot, path), content);
}
