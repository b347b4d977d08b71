import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/files.js';
import { parseOr, readJson } from './read-json.js';
import type { RunFolder } from './run-folder.js';

/** `samples/<trial>.required.json`: rows that were returned and lack, in the place searched, what the mapping requires. */
export const requiredSchema = z.strictObject({
  schema: z.literal(1),
  trial: z.string(),
  /** Names in the place searched. */
  fields: z.array(z.string()),
  /** Rows that were looked at: all that were returned. */
  checked: z.int(),
  rows: z.array(z.strictObject({ row: z.int(), id: z.string(), missing: z.array(z.string()) })),
});
export type Required = z.infer<typeof requiredSchema>;

const fileOf = ({ samples }: Pick<RunFolder, 'samples'>, trial: string): string =>
  join(samples, `${trial}.required.json`);

export function writeRequired(folder: RunFolder, required: Required): void {
  writeFileAtomic(fileOf(folder, required.trial), `${JSON.stringify(requiredSchema.parse(required))}\n`);
}

/** Undefined: nothing is required. Throws InputError if the file is damaged. */
export function readRequired(folder: RunFolder, trial: string): Required | undefined {
  const path = fileOf(folder, trial);
  return existsSync(path) ? parseOr(requiredSchema, readJson(path), path) : undefined;
}
