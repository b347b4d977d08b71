import { FailureError } from '../../../common/errors.js';

/** The library, which is optional. Throws FailureError if it is not installed. */
export async function loadArrow(): Promise<typeof import('apache-arrow')> {
  try {
    return await import('apache-arrow');
  } catch (error) {
    throw new FailureError('Arrow files need the package apache-arrow, which is not installed', {
      where: 'apache-arrow',
      next: 'npm install apache-arrow@18.1.0, or use Parquet instead',
      cause: error,
    });
  }
}
