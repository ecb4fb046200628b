import 'htmx.org';
import { watchChartElements } from './chart_loader.js';
import { watchCopyButtons } from './copying.js';
import { watchCounters } from './counters.js';
import { watchDeadlines } from './deadlines.js';
import { watchDialogs } from './dialogs.js';
import { watchDisplaySettings } from './display.js';
import { watchEditing } from './editing.js';
import { watchForms } from './forms.js';
import { watchKeys } from './keys.js';
import { watchMenu } from './menu.js';
import { watchPolling } from './polling.js';
import { watchRequests } from './requests.js';
import { watchTyping } from './typing.js';

// Listeners sit on the document, so fragments that htmx swaps in need no set-up of their own.
watchTyping();
watchForms();
watchEditing();
watchRequests();
watchPolling();
watchDialogs();
watchDisplaySettings();
watchMenu();
watchKeys();
watchCopyButtons();
watchCounters();
watchDeadlines();
watchChartElements();
