"""Predefined roles of the products. Syntax: see the package.

https://cloud.google.com/iam/docs/roles-permissions, as of August 2026.
"""

from __future__ import annotations

ROLES = """
cloudkms.admin:
    resourcemanager.projects.get cloudkms.keyRings.* cloudkms.cryptoKeys.*
    cloudkms.cryptoKeyVersions.create|delete|destroy|get|list|restore|update cloudkms.locations.*
cloudkms.cryptoKeyDecrypter:
    resourcemanager.projects.get cloudkms.cryptoKeyVersions.useToDecrypt cloudkms.locations.*
cloudkms.cryptoKeyEncrypter:
    resourcemanager.projects.get cloudkms.cryptoKeyVersions.useToEncrypt cloudkms.locations.*
cloudkms.cryptoKeyEncrypterDecrypter:
    resourcemanager.projects.get cloudkms.cryptoKeyVersions.useToDecrypt|useToEncrypt cloudkms.locations.*
cloudkms.viewer:
    resourcemanager.projects.get cloudkms.keyRings.get|list cloudkms.cryptoKeys.get|list
    cloudkms.cryptoKeyVersions.get|list cloudkms.locations.*
storage.admin:
    resourcemanager.projects.get|list storage.buckets.* storage.objects.* storage.managedFolders.*
    storage.folders.* storage.multipartUploads.* storage.anywhereCaches.* storage.bucketOperations.*
    monitoring.timeSeries.* monitoring.metricDescriptors.list monitoring.monitoredResourceDescriptors.list
storage.bucketViewer: storage.buckets.get|list
storage.folderAdmin:
    resourcemanager.projects.get|list storage.objects.* storage.managedFolders.* storage.folders.*
    storage.multipartUploads.*
storage.hmacKeyAdmin: resourcemanager.projects.get|list storage.hmacKeys.*
storage.insightsCollectorService: resourcemanager.projects.get|list storage.buckets.get
storage.legacyBucketOwner:
    storage.buckets.enableObjectRetention|get|getIamPolicy|setIamPolicy|update
    storage.objects.create|delete|list|restore|setRetention storage.managedFolders.* storage.folders.*
    storage.multipartUploads.*
storage.legacyBucketReader:
    storage.buckets.get storage.objects.list storage.managedFolders.get|list storage.folders.get|list
    storage.multipartUploads.list
storage.legacyBucketWriter:
    storage.buckets.get storage.objects.create|delete|list|restore|setRetention
    storage.managedFolders.create|delete|get|list storage.folders.* storage.multipartUploads.*
storage.legacyObjectOwner:
    storage.objects.get|getIamPolicy|overrideUnlockedRetention|setIamPolicy|setRetention|update
storage.legacyObjectReader: storage.objects.get
storage.objectAdmin:
    resourcemanager.projects.get|list storage.objects.* storage.managedFolders.create|delete|get|list
    storage.folders.* storage.multipartUploads.* monitoring.timeSeries.create
storage.objectCreator:
    resourcemanager.projects.get|list storage.objects.create storage.managedFolders.create storage.folders.create
    storage.multipartUploads.abort|create|listParts
storage.objectUser:
    resourcemanager.projects.get|list storage.objects.create|delete|get|list|restore|update
    storage.managedFolders.create|delete|get|list storage.folders.* storage.multipartUploads.*
    monitoring.timeSeries.create
storage.objectViewer:
    resourcemanager.projects.get|list storage.objects.get|list storage.managedFolders.get|list
    storage.folders.get|list
artifactregistry.admin:
    resourcemanager.projects.get artifactregistry.repositories.* artifactregistry.dockerimages.*
    artifactregistry.packages.* artifactregistry.tags.* artifactregistry.versions.* artifactregistry.files.*
    artifactregistry.locations.*
artifactregistry.createOnPushWriter:
    resourcemanager.projects.get
    artifactregistry.repositories.downloadArtifacts|exportArtifacts|get|list|readViaVirtualRepository|uploadArtifacts
    artifactregistry.dockerimages.* artifactregistry.packages.get|list|update
    artifactregistry.tags.create|get|list|update artifactregistry.versions.get|list
    artifactregistry.files.download|get|list|update|upload artifactregistry.locations.*
artifactregistry.reader:
    resourcemanager.projects.get
    artifactregistry.repositories.downloadArtifacts|exportArtifacts|get|list|readViaVirtualRepository
    artifactregistry.dockerimages.* artifactregistry.packages.get|list artifactregistry.tags.get|list
    artifactregistry.versions.get|list artifactregistry.files.download|get|list artifactregistry.locations.*
artifactregistry.repoAdmin:
    resourcemanager.projects.get
    artifactregistry.repositories.deleteArtifacts|downloadArtifacts|exportArtifacts|get|list|readViaVirtualRepository|uploadArtifacts
    artifactregistry.dockerimages.* artifactregistry.packages.* artifactregistry.tags.*
    artifactregistry.versions.* artifactregistry.files.* artifactregistry.locations.*
artifactregistry.writer:
    resourcemanager.projects.get
    artifactregistry.repositories.downloadArtifacts|exportArtifacts|get|list|readViaVirtualRepository|uploadArtifacts
    artifactregistry.dockerimages.* artifactregistry.packages.get|list|update
    artifactregistry.tags.create|get|list|update artifactregistry.versions.get|list
    artifactregistry.files.download|get|list|update|upload artifactregistry.locations.*
cloudscheduler.admin:
    resourcemanager.projects.get|list serviceusage.services.get|list cloudscheduler.jobs.*
    cloudscheduler.locations.*
cloudscheduler.jobRunner:
    resourcemanager.projects.get|list serviceusage.services.get|list cloudscheduler.jobs.fullView|run
cloudscheduler.viewer:
    resourcemanager.projects.get|list serviceusage.services.get|list cloudscheduler.jobs.fullView|get|list
    cloudscheduler.locations.*
pubsub.admin:
    resourcemanager.projects.get serviceusage.services.get|list serviceusage.quotas.get pubsub.topics.*
    pubsub.subscriptions.* pubsub.snapshots.*
    pubsub.schemas.*
pubsub.editor:
    resourcemanager.projects.get serviceusage.services.get|list serviceusage.quotas.get
    pubsub.topics.attachSubscription|create|delete|detachSubscription|get|list|publish|update
    pubsub.subscriptions.consume|create|delete|get|list|update pubsub.snapshots.create|delete|get|list|seek|update
    pubsub.schemas.attach|commit|create|delete|get|list|listRevisions|rollback|validate
pubsub.publisher: pubsub.topics.publish
pubsub.subscriber: pubsub.topics.attachSubscription pubsub.subscriptions.consume pubsub.snapshots.seek
pubsub.viewer:
    resourcemanager.projects.get serviceusage.services.get|list serviceusage.quotas.get pubsub.topics.get|list
    pubsub.subscriptions.get|list pubsub.snapshots.get|list
    pubsub.schemas.get|list|listRevisions|validate
run.admin:
    resourcemanager.projects.get|list run.services.* run.revisions.* run.operations.* run.locations.* run.routes.*
    run.configurations.* run.jobs.* run.executions.* run.tasks.*
run.developer:
    resourcemanager.projects.get|list run.services.create|delete|get|getIamPolicy|list|update run.revisions.*
    run.operations.* run.locations.* run.routes.* run.configurations.*
    run.jobs.create|delete|get|getIamPolicy|list|run|runWithOverrides|update run.executions.* run.tasks.*
run.invoker: run.routes.invoke run.jobs.run
run.sourceDeveloper:
    resourcemanager.projects.get|list serviceusage.services.get|list|use serviceusage.quotas.get
    storage.buckets.create|get|list storage.objects.create|get|list storage.managedFolders.create|get|list
    storage.folders.create|get|list storage.multipartUploads.abort|create|listParts
    artifactregistry.repositories.create|downloadArtifacts|exportArtifacts|get|list|readViaVirtualRepository
    artifactregistry.dockerimages.* artifactregistry.packages.get|list artifactregistry.tags.get|list
    artifactregistry.versions.get|list artifactregistry.files.download|get|list artifactregistry.locations.*
    run.services.create|delete|get|getIamPolicy|list|update run.revisions.* run.operations.* run.locations.*
    run.routes.* run.configurations.* run.jobs.create|delete|get|getIamPolicy|list|run|runWithOverrides|update
    run.executions.* run.tasks.*
    pubsub.topics.attachSubscription|create|delete|detachSubscription|get|list|publish|update
    pubsub.subscriptions.consume|create|delete|get|list|update pubsub.snapshots.create|delete|get|list|seek|update
    pubsub.schemas.attach|commit|create|delete|get|list|listRevisions|rollback|validate
run.viewer:
    resourcemanager.projects.get|list run.services.get|getIamPolicy|list run.revisions.get|list
    run.operations.get|list run.locations.list run.routes.get|list run.configurations.*
    run.jobs.get|getIamPolicy|list run.executions.get|list run.tasks.*
secretmanager.admin:
    resourcemanager.projects.get|list secretmanager.secrets.* secretmanager.versions.* secretmanager.locations.*
secretmanager.secretAccessor: resourcemanager.projects.get|list secretmanager.versions.access
secretmanager.secretVersionAdder: resourcemanager.projects.get|list secretmanager.versions.add
secretmanager.secretVersionManager:
    resourcemanager.projects.get|list secretmanager.versions.add|destroy|disable|enable|get|list
secretmanager.viewer:
    resourcemanager.projects.get|list secretmanager.secrets.get|getIamPolicy|list secretmanager.versions.get|list
    secretmanager.locations.*
aiplatform.user: resourcemanager.projects.get|list
aiplatform.viewer: resourcemanager.projects.get|list
bigquery.admin: resourcemanager.projects.get|list
bigquery.dataEditor: resourcemanager.projects.get|list
bigquery.dataOwner: resourcemanager.projects.get|list
bigquery.dataViewer: resourcemanager.projects.get|list
bigquery.jobUser: resourcemanager.projects.get|list
bigquery.user: resourcemanager.projects.get|list
cloudtrace.agent: cloudtrace.traces.patch
logging.admin:
    resourcemanager.projects.get|list logging.logMetrics.* logging.logEntries.* logging.logs.*
    logging.privateLogEntries.* logging.sinks.* logging.exclusions.* logging.buckets.* logging.views.*
    logging.locations.* logging.operations.* logging.settings.*
logging.configWriter:
    resourcemanager.projects.get|list logging.logMetrics.* logging.logs.list logging.sinks.* logging.exclusions.*
    logging.buckets.* logging.views.create|delete|get|getIamPolicy|list|update logging.locations.*
    logging.operations.* logging.settings.*
logging.logWriter: logging.logEntries.create|route
logging.privateLogViewer:
    resourcemanager.projects.get logging.logMetrics.get|list logging.logEntries.list logging.logs.list
    logging.privateLogEntries.* logging.sinks.get|list logging.exclusions.get|list logging.buckets.get|list
    logging.views.access|get|list logging.locations.* logging.operations.get|list
logging.viewAccessor: logging.logEntries.download logging.views.access|listLogs
logging.viewer:
    resourcemanager.projects.get logging.logMetrics.get|list logging.logEntries.list logging.logs.list
    logging.sinks.get|list logging.exclusions.get|list logging.buckets.get|list logging.views.get|list
    logging.locations.* logging.operations.get|list
monitoring.admin:
    resourcemanager.projects.get|list serviceusage.services.enable|get monitoring.notificationChannels.*
    monitoring.notificationChannelDescriptors.* monitoring.alertPolicies.* monitoring.timeSeries.*
    monitoring.metricDescriptors.* monitoring.monitoredResourceDescriptors.*
    monitoring.alerts.* monitoring.dashboards.* monitoring.groups.* monitoring.services.*
    monitoring.slos.* monitoring.snoozes.* monitoring.uptimeCheckConfigs.*
monitoring.alertPolicyEditor: monitoring.alertPolicies.*
monitoring.alertPolicyViewer: monitoring.alertPolicies.get|list
monitoring.dashboardEditor: monitoring.dashboards.*
monitoring.dashboardViewer: monitoring.dashboards.get|list
monitoring.editor:
    resourcemanager.projects.get|list serviceusage.services.enable|get
    monitoring.notificationChannels.create|delete|get|list|sendVerificationCode|update|verify
    monitoring.notificationChannelDescriptors.* monitoring.alertPolicies.* monitoring.timeSeries.*
    monitoring.metricDescriptors.* monitoring.monitoredResourceDescriptors.*
    monitoring.alerts.* monitoring.dashboards.* monitoring.groups.* monitoring.services.*
    monitoring.slos.* monitoring.snoozes.* monitoring.uptimeCheckConfigs.*
monitoring.metricWriter:
    monitoring.timeSeries.create monitoring.metricDescriptors.create|get|list
    monitoring.monitoredResourceDescriptors.*
monitoring.notificationChannelEditor:
    monitoring.notificationChannels.create|delete|get|list|sendVerificationCode|update|verify
    monitoring.notificationChannelDescriptors.*
monitoring.notificationChannelViewer:
    monitoring.notificationChannels.get|list monitoring.notificationChannelDescriptors.*
monitoring.viewer:
    resourcemanager.projects.get|list monitoring.notificationChannels.get|list
    monitoring.notificationChannelDescriptors.* monitoring.alertPolicies.get|list monitoring.timeSeries.list
    monitoring.metricDescriptors.get|list monitoring.monitoredResourceDescriptors.*
    monitoring.alerts.* monitoring.dashboards.get|list monitoring.groups.get|list
    monitoring.services.get|list monitoring.slos.get|list monitoring.snoozes.get|list
    monitoring.uptimeCheckConfigs.get|list
"""
