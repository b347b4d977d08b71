import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parseHTML } from 'linkedom';
import { parse as parseYaml } from 'yaml';

/** Every file below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** All texts that a file holds, as it is and as whoever reads its format gets them: keys, cells, columns, attributes. */
export async function textsOf(path: string): Promise<string[]> {
  let bytes: Buffer = readFileSync(path);
  let name = path;
  if (name.endsWith('.gz')) {
    bytes = gunzipSync(bytes);
    name = name.slice(0, -3);
  }
  const raw = bytes.toString('utf8');
  const latin = bytes.toString('latin1');
  return [raw, latin, ...(await decoded(name, raw, bytes))];
}

async function decoded(name: string, raw: string, bytes: Buffer): Promise<string[]> {
  if (name.endsWith('.parquet')) {
    const file = new Uint8Array(bytes).buffer;
    const rows = await parquetReadObjects({ file, compressors });
    return rows.flatMap((row) => stringsIn(row));
  }
  if (name.endsWith('.json')) return stringsIn(JSON.parse(raw));
  if (name.endsWith('.jsonl'))
    return raw
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => stringsIn(JSON.parse(line)));
  if (/\.ya?ml$/.test(name)) return stringsIn(parseYaml(raw));
  if (/\.(html|xml)$/.test(name)) {
    const { document } = parseHTML(raw);
    const elements = [...document.querySelectorAll('*')];
    return [
      document.documentElement?.textContent ?? '',
      ...elements.flatMap((each) => [...each.attributes].map(({ value }) => value)),
    ];
  }
  if (name.endsWith('.csv')) return [raw.replaceAll('""', '"')];
  return [];
}

/** Every string of a value, keys included. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([key, each]) => [key, ...stringsIn(each)]);
}
