import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/paths.js';

/**
 * What is written and printed passes a door that hides secrets and keeps foreign text inert: `common/files.ts` for
 * files, `common/print.ts` for terminals. What goes past them is listed here, with the reason why it may.
 */
interface Door {
  what: string;
  pattern: RegExp;
  /** Files, or folders that end in a slash. */
  allowed: Readonly<Record<string, string>>;
}

const DOORS: readonly Door[] = [
  {
    what: 'writes a file: use writeFileAtomic or appendText of common/files.ts',
    pattern:
      /\b(?:writeFileSync|appendFileSync|createWriteStream|writeSync|appendFile|writeFile|writevSync|copyFile(?:Sync)?|cp(?:Sync)?)\(|\bopen(?:Sync)?\([^)]*'(?:w|a|wx|r\+)'/,
    allowed: {
      'common/files.ts': 'the door itself',
      'common/lock.ts': 'the number of a process',
      'common/temporary.ts': 'the number of a process',
      'datasets/':
        'vectors, ids and metadata of the user’s own files, and figures about them: no server is asked',
      'engines/launcher/log.ts': 'each line is hidden before it is written',
      'engines/sqlite-vec/connect.ts': 'an empty file, so that nobody else makes it',
      'engines/pgvector/connect.ts': 'a copy of the user’s own database',
      'harness/process/resources.ts': 'a switch of the kernel',
      'harness/run/spool.ts': 'numbers alone, for this process',
      'harness/store/merge.ts': 'copies of what was written through the door',
      'migration/export/part-writer.ts': 'points as they are in the source, whose sums are compared',
      'migration/export/zstd.ts': 'points as they are in the source, whose sums are compared',
      'migration/load/rejects.ts': 'causes are hidden; points are as they are in the source',
      'migration/probe/repeated.ts': 'digests',
      'migration/verify/digests.ts': 'digests',
      'cli/docker-build.ts': 'Dockerfiles and certificates, copied',
    },
  },
  {
    what: 'writes Parquet with texts in it: hide them before (hideSecrets), and name the file here',
    pattern: /\b(?:parquetWriteBuffer|ParquetWriter)\(/,
    allowed: {
      'datasets/formats/parquet/write.ts': 'the user’s own points',
      'harness/truth/files.ts': 'numbers and ids of the user’s own files',
      'harness/truth/range-files.ts': 'numbers alone',
      'harness/store/samples.ts': 'its errors are hidden',
      'harness/store/times.ts': 'its errors are hidden',
      'harness/store/writes.ts': 'its errors are hidden',
      'harness/store/by-query.ts': 'figures, and ids that are made here',
      'migration/export/part-writer.ts': 'points as they are in the source, whose sums are compared',
      'migration/mapping/id-file.ts': 'ids as they are in the source',
      'migration/load/rejects.ts': 'causes are hidden; points are as they are in the source',
      'migration/verify/verify.ts': 'its ids are hidden',
    },
  },
  {
    what: 'prints: use the terminal of the context (cli/terminal.ts) or printable of common/print.ts',
    pattern: /\bconsole\.|\bprocess\.(?:stdout|stderr)\b|\bemitWarning\(|\bfrom 'node:console'/,
    allowed: {
      'cli/terminal.ts': 'the door itself',
      'cli/main.ts': 'last errors, through the door',
      'cli/program.ts': 'help, through the door',
      'cli/docker-build.ts': 'through the door',
      'common/debug.ts': 'through the door',
    },
  },
  {
    what: 'makes a folder that others may read: use makeFolder of common/files.ts',
    pattern: /\bmkdir(?:Sync)?\((?![^;]*(?:0o700|OWN_FOLDER))/,
    allowed: { 'datasets/convert/write.ts': 'a folder that the user asked for' },
  },
];

const FOLDERS = ['common', 'datasets', 'filters', 'engines', 'harness', 'migration', 'reports', 'cli'];

function sources(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
}

/** Without comments and the lines that only import. */
function code(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
    .replace(/^import [\s\S]*?;$/gm, '');
}

test.each(DOORS)('nothing but the listed files $what', ({ pattern, allowed }) => {
  const files = sources();
  expect(files.length).toBeGreaterThan(300);
  const found = files.filter((path) => pattern.test(code(path)));
  const past = found.filter(
    (path) =>
      !Object.keys(allowed).some(
        (known) => path === known || (known.endsWith('/') && path.startsWith(known)),
      ),
  );
  expect(past).toEqual([]);
  const idle = Object.keys(allowed).filter((known) => !found.some((path) => path.startsWith(known)));
  expect(idle, 'no longer needed').toEqual([]);
});
