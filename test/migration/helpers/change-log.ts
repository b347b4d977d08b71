import { requireClient } from '../../../engines/kit/packages.js';

/** The application's database for its log, as it is before anything is captured. */
export async function makeLog(folder: string): Promise<void> {
  const { PGlite } = requireClient('@electric-sql/pglite') as typeof import('@electric-sql/pglite');
  await (await PGlite.create(folder)).close();
}
