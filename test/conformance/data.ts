export * from '../../harness/conformance/data.js';
