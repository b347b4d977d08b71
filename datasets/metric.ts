import type { DatasetInfo, Metric } from './dataset.js';

/** The metric of a dataset and who says so: the user, else the file, else nobody and cosine is assumed. */
export function chosenMetric(
  declared: Metric | undefined,
  file: Metric | undefined,
): Pick<DatasetInfo, 'metric' | 'metricSource'> {
  if (declared !== undefined) return { metric: declared, metricSource: 'declared' };
  if (file !== undefined) return { metric: file, metricSource: 'file' };
  return { metric: 'cosine', metricSource: 'default' };
}
