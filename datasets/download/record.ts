import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../common/files.js';
import { MOST_RECORD, readRegularText } from '../../common/regular-file.js';

const RECORD = 'download.json';

const recordSchema = z.object({
  version: z.literal(1),
  name: z.string(),
  /** When it was complete, ISO 8601. */
  at: z.string(),
  /** What is in the folder. */
  files: z.array(z.object({ path: z.string(), bytes: z.int(), sha256: z.string() })),
  /** What was downloaded for it; archives are not kept. */
  downloads: z.array(
    z.object({
      file: z.string(),
      url: z.string(),
      bytes: z.int(),
      sha256: z.string(),
      /** What the checksum was compared with. */
      checksum: z.string(),
    }),
  ),
});

/** What a download brought. */
export type DownloadRecord = z.infer<typeof recordSchema>;

/** `.cache/datasets/`: one folder for each dataset, and beside it what is known of its last download. */
export function downloadsFolder(cacheFolder: string): string {
  return join(cacheFolder, 'datasets');
}

export function datasetFolder(cacheFolder: string, name: string): string {
  return join(downloadsFolder(cacheFolder), name);
}

/** What is here of a dataset: whole, or nothing. Sizes are checked, contents when it is opened. */
export function downloadedRecord(cacheFolder: string, name: string): DownloadRecord | undefined {
  const folder = datasetFolder(cacheFolder, name);
  const record = readRecord(join(folder, RECORD));
  const whole = record?.files.every(
    ({ path, bytes }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === bytes,
  );
  return whole === true ? record : undefined;
}

/** Checksums of an earlier download by address; they outlive the files. */
export function earlierChecksums(cacheFolder: string, name: string): ReadonlyMap<string, string> {
  const record = readRecord(`${datasetFolder(cacheFolder, name)}.json`);
  return new Map((record?.downloads ?? []).map(({ url, sha256 }) => [url, sha256]));
}

export function writeRecord(folder: string, record: DownloadRecord): void {
  writeFileAtomic(join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
}

export function keepChecksums(cacheFolder: string, record: DownloadRecord): void {
  writeFileAtomic(`${datasetFolder(cacheFolder, record.name)}.json`, `${JSON.stringify(record, null, 2)}\n`);
}

function readRecord(path: string): DownloadRecord | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return recordSchema.parse(JSON.parse(readRegularText(path, MOST_RECORD)));
  } catch {
    // Written by another version, or by hand: as if there were none.
    return undefined;
  }
}
