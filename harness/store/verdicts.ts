import { existsSync } from 'node:fs';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import { VERDICT_SCHEMA, type Verdicts, verdictsSchema } from '../model/verdict.js';
import { parseOr, readJson } from './read-json.js';
import type { RunFolder } from './run-folder.js';

export function writeVerdicts(folder: RunFolder, verdicts: Verdicts): void {
  writeFileAtomic(folder.verdicts, `${JSON.stringify(verdictsSchema.parse(verdicts), null, 2)}\n`);
}

/** Undefined where the run was not judged. Throws InputError if the file is damaged or of a newer version. */
export function readVerdicts(folder: RunFolder): Verdicts | undefined {
  if (!existsSync(folder.verdicts)) return undefined;
  const json = readJson(folder.verdicts);
  const schema = (json as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema > VERDICT_SCHEMA) {
    throw new InputError('these verdicts were written by a newer vecproof', {
      where: folder.verdicts,
      got: `schema ${schema}, this version reads up to ${VERDICT_SCHEMA}`,
      next: 'judge the run again with this version: vecproof gate <run>',
    });
  }
  return parseOr(verdictsSchema, json, folder.verdicts);
}
