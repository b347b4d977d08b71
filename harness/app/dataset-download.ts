import { InputError } from '../../common/errors.js';
import { suggest } from '../../common/nearest.js';
import { type CatalogEntry, catalogEntries, catalogEntry } from '../../datasets/catalog.js';
import type { Downloaded } from '../../datasets/download/download.js';
import { type Context, notice, preparation } from './context.js';

export interface DownloadRequest {
  /** Address or folder to use instead of the publishers'; default: `VECPROOF_DATASET_MIRROR`. */
  mirror?: string | undefined;
  acceptChanged?: boolean | undefined;
  allowHost?: readonly string[] | undefined;
}

/** Downloads a dataset of the catalog by name. Throws InputError for one that is none to download. */
export async function downloadNamed(
  name: string,
  request: DownloadRequest,
  context: Context,
): Promise<Downloaded> {
  const entry = catalogEntry(name);
  const names = catalogEntries()
    .filter(({ location }) => location === 'download')
    .map((each) => each.name);
  if (entry === undefined) {
    throw new InputError(suggest(`unknown dataset "${name}"`, name, names), {
      next: 'use a name that "vecproof dataset list" shows',
    });
  }
  if (entry.location !== 'download') {
    throw new InputError(`dataset "${name}" is not downloaded`, {
      next:
        entry.location === 'folder'
          ? 'give the folder that holds its files as a path'
          : 'use it as it is: it comes with vecproof',
    });
  }
  return download(entry, request, context);
}

/** For {@link Context.onMissing}: downloads what a suite names, and says so. */
export function downloadMissing(context: Context): (entry: CatalogEntry) => Promise<void> {
  return async (entry) => {
    notice(
      context,
      `${entry.name} is not here yet: it is downloaded (licence: ${entry.licence ?? 'not stated'})`,
    );
    await download(entry, {}, context);
  };
}

async function download(
  entry: CatalogEntry,
  request: DownloadRequest,
  context: Context,
): Promise<Downloaded> {
  const { downloadDataset } = await import('../../datasets/download/download.js');
  const mirror = request.mirror ?? (context.env['VECPROOF_DATASET_MIRROR'] || undefined);
  hideLogin(mirror, context);
  const listeners = new Map<string, ReturnType<typeof preparation>>();
  return downloadDataset(entry, {
    cacheFolder: context.cache,
    mirror,
    acceptChanged: request.acceptChanged,
    allowHosts: request.allowHost,
    signal: context.signal,
    onProgress: (file, done, total) => {
      const listener = listeners.get(file) ?? preparation(context, `download ${file}`, 'bytes');
      listeners.set(file, listener);
      listener(done, total);
    },
  });
}

/** A mirror may want a login; it is not shown, and not kept with what is recorded of a download. */
function hideLogin(mirror: string | undefined, context: Context): void {
  if (mirror === undefined || !/^https?:/i.test(mirror)) return;
  let url: URL;
  try {
    url = new URL(mirror);
  } catch {
    throw new InputError('is no address', {
      where: 'the mirror',
      next: 'give https://host/folder/, or a folder',
    });
  }
  const secrets = [url.password, decodeURIComponent(url.password), url.search].filter((text) => text !== '');
  context.hide(secrets.map((value) => ({ name: 'mirror', value })));
}
