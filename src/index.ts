/// <reference types="node" preserve="true" />

export { createQuire } from './quire.js';
export type { Quire } from './quire.js';
export type { DocumentContext, PdfContext } from './documents/context.js';
export type { RouterOptions } from './http/router-options.js';
export type { QuireOptions } from './options.js';
export { InvalidPagesError } from './stages/given-pages.js';
export type { FlagContext, UnleashClient } from './rollout/flags.js';
export type { MetricRegistry } from './observability/metric-registry.js';
export type { HostRequest } from './http/host-request.js';
export type { AskedDocument, May } from './http/access.js';
export type { IsOperator } from './http/is-operator.js';
export type { Id, Identify, Identity } from './http/sender.js';
export { SettingsError } from './settings.js';
export type { Settings } from './settings.js';
export type { Logger } from './logger.js';

export { PdfError } from './stages/pdf-error.js';
export type { PdfErrorCode } from './stages/pdf-error.js';
export type { UnreadableReason } from './stages/page-texts.js';
export type { OcrCache } from './stages/document-ocr.js';
export type { EndedDocument, OnDocument } from './documents/ended.js';
export type { OnProgress, Progress } from './documents/progress.js';
export type { Stage } from './stages/stage.js';
export type { DocumentRecord, MissingPage, Timings } from './stages/record.js';

export { PageFailedError, PageProcessor } from './processor/processor.js';
export type { AccountPages, AccountResult, FailedPage, ProcessorSettings } from './processor/processor.js';
export type { AccountRecord, ConfidentValue, Fields, FieldValue, PageResult } from './processor/merge.js';
export type { BatchFailure, PageEvent, Reading } from './processor/reading.js';
export type { AutoPlan, PlanChoice, ProcessingPlan } from './processor/plan.js';

export { UsageLedger } from './llm/usage.js';
export type { Allowance, PriceTable, Usage } from './llm/usage.js';
export type { ChatClient, ChatRequest, ChatRequestOptions } from './llm/client.js';
export type { CallEvent } from './llm/call.js';
export type { Model, TokenBudget } from './llm/request.js';
export type { AnswerForm } from './llm/wire.js';
export type { ServiceError } from './llm/service-error.js';
export type { Queue } from './llm/turns.js';
export type { FailureReason } from './llm/failure-reason.js';

export { Store } from './store/store.js';
export { StoreError } from './store/database.js';
export type { StoreSettings } from './store/open-database.js';
export type { DocumentType, ProcessedDocument, ProcessingCost, StoredDocument } from './store/document.js';
export type { AnswerCache } from './processor/answers.js';
