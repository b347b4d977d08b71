import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../common/errors.js';
import { writeFileAtomic } from '../../common/files.js';
import {
  type DatasetsManifest,
  datasetsManifestSchema,
  type Manifest,
  manifestSchema,
  RUN_SCHEMA,
} from '../model/manifest.js';
import { parseOr, readJson } from './read-json.js';
import { type RunFolder, refuseLinks, runFolder } from './run-folder.js';

export function writeManifest(folder: RunFolder, manifest: Manifest): void {
  writeFileAtomic(folder.manifest, `${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`);
}

/** Throws InputError if the run was written by a newer version, is damaged, is no run, or has several datasets. */
export function readManifest(folder: RunFolder): Manifest {
  const json = manifestJson(folder);
  if (!holdsDatasets(json)) return parseOr(manifestSchema, json, folder.manifest);
  const { datasets } = parseOr(datasetsManifestSchema, json, folder.manifest);
  throw new InputError('this run holds several datasets, and this is done with one of them', {
    where: folder.path,
    got: datasets.map(({ name }) => name).join(', '),
    next: `name one: ${datasets.map((each) => `${folder.id}/${each.folder}`).join(', ')}`,
  });
}

/** Of a run over several datasets; undefined for any other. @throws InputError as `readManifest` */
export function readDatasetsManifest(folder: RunFolder): DatasetsManifest | undefined {
  const json = manifestJson(folder);
  return holdsDatasets(json) ? parseOr(datasetsManifestSchema, json, folder.manifest) : undefined;
}

export function writeDatasetsManifest(folder: RunFolder, manifest: DatasetsManifest): void {
  writeFileAtomic(folder.manifest, `${JSON.stringify(datasetsManifestSchema.parse(manifest), null, 2)}\n`);
}

/** One dataset's run in a run over several. */
export interface Part {
  name: string;
  folder: RunFolder;
}

/** The parts of a run over several datasets whose measuring has begun; undefined for any other run. */
export function partsOf(folder: RunFolder): Part[] | undefined {
  return readDatasetsManifest(folder)
    ?.datasets.map(({ name, folder: inside }) => ({ name, folder: runFolder(join(folder.path, inside)) }))
    .filter((part) => existsSync(part.folder.manifest))
    .map((part) => {
      refuseLinks(part.folder);
      return part;
    });
}

const holdsDatasets = (json: unknown): boolean =>
  Array.isArray((json as { datasets?: unknown } | null)?.datasets);

function manifestJson(folder: RunFolder): unknown {
  const json = readJson(folder.manifest);
  const schema = (json as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema > RUN_SCHEMA) {
    throw new InputError('this run was written by a newer vecproof', {
      where: folder.manifest,
      got: `schema ${schema}, this version reads up to ${RUN_SCHEMA}`,
      next: 'use the vecproof version named in the file, or a newer one',
    });
  }
  return json;
}
