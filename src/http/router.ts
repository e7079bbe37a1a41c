import express, { type RequestHandler } from 'express';
import type { PagePictures } from '../documents/page-pictures.js';
import type { Logger } from '../logger.js';
import { aboutRouter, type AboutRoutes } from './about.js';
import { Access } from './access.js';
import { accuracyRouter } from './accuracy.js';
import { correctionsRouter } from './corrections.js';
import { documentsRouter, type DocumentsRoutes } from './documents.js';
import { exportRouter } from './export.js';
import { operationsRouter, type OperationsRoutes } from './operations.js';
import { Operators } from './operators.js';
import { opsSessionRouter } from './ops-session.js';
import { overviewRouter, type OverviewRoutes } from './overview.js';
import { pagePicturesRouter } from './page-pictures.js';
import { readingsRouter } from './readings.js';
import type { RouterOptions } from './router-options.js';
import { checkOrigins } from './same-origin.js';
import { Senders } from './sender.js';

/** What the routes of one Quire stand on. */
export interface RouterTools {
  opened: DocumentsRoutes['opened'];
  about: Omit<AboutRoutes['about'], 'gives_others'>;
  uploads: Pick<DocumentsRoutes, 'uploadFolder' | 'arriving' | 'onRefused' | 'maxMegabytes'>;
  pictures: PagePictures;
  overview: Pick<OverviewRoutes, 'plan' | 'service'>;
  operations: Omit<OperationsRoutes, 'opened' | 'operators' | 'logger'>;
  opsToken: string | undefined;
  logger: Logger;
}

/**
 * All routes, for one place that they are mounted at.
 *
 * @throws {SettingsError} for an origin that is none
 */
export function quireRouter(
  { opened, about, uploads, pictures, overview, operations, opsToken, logger }: RouterTools,
  { identify, allowAnonymous = false, allowOrigins = [], mayRead, mayCorrect, isOperator }: RouterOptions,
): RequestHandler {
  checkOrigins(allowOrigins);
  const operators = new Operators({ token: opsToken, isOperator, allowOrigins, logger });
  const senders = new Senders(identify, allowAnonymous, logger);
  const access = new Access(senders, { mayRead, mayCorrect }, logger);
  const ofOps = { opened, operators, forOps: operators.require, logger };
  const ofDocuments = { opened, senders, access, allowOrigins, logger };
  const router = express.Router();
  router.use(opsSessionRouter({ operators, allowOrigins, logger }));
  router.use(overviewRouter({ ...ofOps, ...overview }));
  router.use(operationsRouter({ ...ofOps, ...operations }));
  router.use(accuracyRouter(ofOps));
  const mayOperate: AboutRoutes['mayOperate'] = (request) => operators.includes(request);
  const aboutAll = { ...about, gives_others: access.givesOthers };
  router.use(aboutRouter({ about: aboutAll, mayOperate, allowOrigins, logger }));
  router.use(correctionsRouter(ofDocuments));
  router.use(pagePicturesRouter({ ...ofDocuments, pictures }));
  router.use(readingsRouter(ofDocuments));
  router.use(exportRouter(ofDocuments));
  router.use(documentsRouter({ ...ofDocuments, ...uploads }));
  return router;
}
