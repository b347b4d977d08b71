import { FailureError } from '../../../common/errors.js';
import { installCommand } from '../../../common/installation.js';

/** The library, which is optional. Throws FailureError if it is not installed. */
export async function loadArrow(): Promise<typeof import('apache-arrow')> {
  try {
    return await import('apache-arrow');
  } catch (error) {
    throw new FailureError('Arrow files need the package apache-arrow, which is not installed', {
      where: 'apache-arrow',
      next: `${installCommand(['apache-arrow'])}, or use Parquet instead`,
      cause: error,
    });
  }
}
