import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { packageRoot } from '../common/paths.js';
import type { OutputColumn } from './write-parquet.js';

/** What is bundled: files with what they hold, and what the catalog says beside what is counted here. */
export interface Bundle {
  entry: { readonly name: string } & Readonly<Record<string, unknown>>;
  /** Maintenance script that writes it. */
  script: string;
  files: readonly (readonly [name: string, bytes: Uint8Array])[];
  count: number;
  /** Metadata of the points. */
  columns: readonly OutputColumn[];
}

/** Writes `datasets/bundled/<name>/` and the catalog entry; the same input gives the same bytes. */
export function writeBundle({ entry: stated, script, files, count, columns }: Bundle): void {
  const target = join(packageRoot, 'datasets', 'bundled', stated.name);
  mkdirSync(target, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(target, name), bytes);
  const entry = {
    ...stated,
    count,
    fields: columns.map(({ name, type, nullable, values }) => ({
      name,
      type,
      nullable,
      nulls: values.filter((value) => value === null).length,
    })),
    files: files.map(([path, bytes]) => ({
      path,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })),
  };
  writeFileSync(
    join(packageRoot, 'datasets', 'catalog', `${stated.name}.yaml`),
    `# Written by scripts/${script}.ts; change that and run it again.\n${stringify(entry, { lineWidth: 110 })}`,
  );
  const total = files.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  for (const { path, bytes, sha256 } of entry.files) console.log(`${path}  ${bytes} bytes  ${sha256}`);
  console.log(`${(total / 1e6).toFixed(2)} MB in ${target}`);
}
