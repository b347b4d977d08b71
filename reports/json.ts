import { z } from 'zod';
import { datasetsResultsSchema, type Results, resultsSchema } from '../harness/model/results.js';

/** `results.json`: stable order of keys as derived, two spaces, a newline at the end. */
export function renderJson(results: Results): string {
  return `${JSON.stringify(results, null, 2)}\n`;
}

/**
 * JSON Schema (draft 2020-12) of `results.json`, published as `reports/results.schema.json`.
 * `npx vitest run test/unit/reports/json.test.ts` with VECPROOF_WRITE_SCHEMA=1 writes it anew.
 */
export function resultsJsonSchema(): Record<string, unknown> {
  return {
    ...(z.toJSONSchema(z.union([resultsSchema, datasetsResultsSchema]), {
      target: 'draft-2020-12',
    }) as Record<string, unknown>),
    title: 'Results of a vecproof run',
    description: 'Content of results.json and of `vecproof report --format json`: one flat row per trial.',
  };
}
