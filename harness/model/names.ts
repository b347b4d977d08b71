import { z } from 'zod';

/*
 * What a stored run may say. Its files come from elsewhere, too (shards, artifacts of others' builds): names become parts
 * of paths, and counts become loops and memory.
 */

const LONGEST = 200;

/** An id as vecproof makes them: a name of a file, and no way out of its folder. */
export const idSchema = z
  .string()
  .max(LONGEST)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._~-]*$/, 'must consist of letters, digits, ".", "_", "~" and "-"');

/** The id of a run, or of one dataset's part in a run over several. */
export const runIdSchema = z
  .string()
  .max(2 * LONGEST)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._~-]*(\/datasets\/[A-Za-z0-9][A-Za-z0-9._~-]*)?$/,
    'must be the name of a folder',
  );

/** A folder inside a run over several datasets. */
export const partFolderSchema = z
  .string()
  .max(2 * LONGEST)
  .regex(/^datasets\/[A-Za-z0-9][A-Za-z0-9._~-]*$/, 'must be a folder inside "datasets"');

const most = (count: number) => z.int().min(0).max(count);
/** Rows of a dataset. */
export const rowsSchema = most(2 ** 40);
export const queriesSchema = most(10_000_000);
/** Passes over all queries, and untimed ones before them. */
export const passesSchema = most(1_000_000);
/** Hits of an answer. */
export const depthSchema = z.int().min(1).max(1_000_000);
export const dimensionsSchema = z.int().min(1).max(65_536);

/** Builds of a run, and trials of a build. */
export const MOST_BUILDS = 10_000;
export const MOST_TRIALS = 20_000;
