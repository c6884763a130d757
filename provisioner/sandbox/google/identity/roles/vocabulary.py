"""The permissions the sandbox knows: what its methods ask for, and their close neighbours.

One line per kind of resource: ``service.resource: verbs``.
https://cloud.google.com/iam/docs/permissions-reference, as of August 2026.
"""

from __future__ import annotations

PERMISSIONS = """
iam.roles: create delete get list undelete update
iam.serviceAccounts: actAs create delete disable enable get getAccessToken getIamPolicy getOpenIdToken
    implicitDelegation list setIamPolicy signBlob signJwt undelete update
iam.serviceAccountKeys: create delete disable enable get list
iam.googleapis.com/workloadIdentityPools: create delete get getAttestationRules getIamPolicy list setAttestationRules
    setIamPolicy undelete update
iam.googleapis.com/workloadIdentityPoolProviders: create delete get list undelete update
iam.googleapis.com/workloadIdentityPoolProviderKeys: create delete get list undelete
iam.operations: get
resourcemanager.projects: create createBillingAssignment delete deleteBillingAssignment get getIamPolicy list move
    setIamPolicy undelete update updateLiens
resourcemanager.folders: create delete get getIamPolicy list move setIamPolicy undelete update
resourcemanager.organizations: get getIamPolicy setIamPolicy
resourcemanager.tagKeys: create delete get getIamPolicy list setIamPolicy update
resourcemanager.tagValues: create delete get getIamPolicy list setIamPolicy update
resourcemanager.tagHolds: create delete list
resourcemanager.tagValueBindings: create delete
resourcemanager.hierarchyNodes: createTagBinding deleteTagBinding listEffectiveTags listTagBindings
billing.accounts: create get getIamPolicy getSpendingInformation list setIamPolicy update
billing.budgets: create delete get list update
billing.resourceAssociations: create delete list
serviceusage.services: disable enable get list use
serviceusage.operations: get
serviceusage.quotas: get update
storage.buckets: create createTagBinding delete deleteTagBinding enableObjectRetention get getIamPolicy list
    listEffectiveTags listTagBindings restore setIamPolicy update
storage.objects: create delete get getIamPolicy list overrideUnlockedRetention restore setIamPolicy setRetention
    update
storage.managedFolders: create delete get getIamPolicy list setIamPolicy
storage.folders: create delete get list rename
storage.multipartUploads: abort create list listParts
storage.anywhereCaches: create disable get list pause resume update
storage.bucketOperations: cancel get list
storage.hmacKeys: create delete get list update
artifactregistry.repositories: create createTagBinding delete deleteArtifacts deleteTagBinding downloadArtifacts
    exportArtifacts get getIamPolicy list listEffectiveTags listTagBindings readViaVirtualRepository setIamPolicy
    update uploadArtifacts
artifactregistry.dockerimages: get list
artifactregistry.packages: delete get list update
artifactregistry.tags: create delete get list update
artifactregistry.versions: delete get list update
artifactregistry.files: delete download get list update upload
artifactregistry.locations: get list
artifactregistry.attachments: create delete get list
artifactregistry.rules: create delete get list update
artifactregistry.projectsettings: get update
artifactregistry.mavenartifacts: get list
artifactregistry.npmpackages: get list
artifactregistry.pythonpackages: get list
artifactregistry.kfpartifacts: create
artifactregistry.aptartifacts: create
artifactregistry.yumartifacts: create
run.services: create createTagBinding delete deleteTagBinding get getIamPolicy list listEffectiveTags listTagBindings
    setIamPolicy update
run.revisions: delete get list
run.operations: delete get list
run.locations: list uploadSource
run.routes: get invoke list
run.configurations: get list
run.jobs: create createTagBinding delete deleteTagBinding get getIamPolicy list listEffectiveTags listTagBindings run
    runWithOverrides setIamPolicy update
run.executions: cancel delete get list
run.tasks: get list
secretmanager.secrets: create createTagBinding delete deleteTagBinding get getIamPolicy list listEffectiveTags
    listTagBindings setIamPolicy update
secretmanager.versions: access add destroy disable enable get list
secretmanager.locations: get list
monitoring.notificationChannels: create delete get getVerificationCode list sendVerificationCode update verify
monitoring.notificationChannelDescriptors: get list
monitoring.alertPolicies: create delete get list update
monitoring.timeSeries: create list
monitoring.metricDescriptors: create delete get list
monitoring.monitoredResourceDescriptors: get list
monitoring.alerts: get list
monitoring.dashboards: create delete get list update
monitoring.groups: create delete get list update
monitoring.services: create delete get list update
monitoring.slos: create delete get list update
monitoring.snoozes: create get list update
monitoring.uptimeCheckConfigs: create delete get list update
logging.logMetrics: create delete get list update
logging.logEntries: create download list route
logging.logs: delete list
logging.privateLogEntries: list
logging.sinks: create delete get list update
logging.exclusions: create delete get list update
logging.buckets: create delete get list undelete update
logging.views: access create delete get getIamPolicy list listLogs setIamPolicy update
logging.locations: get list
logging.operations: cancel get list
logging.settings: get update
cloudtrace.traces: get list patch
cloudtrace.tasks: create delete get list
pubsub.topics: attachSubscription create createTagBinding delete deleteTagBinding detachSubscription get getIamPolicy
    list listEffectiveTags listTagBindings publish setIamPolicy update
pubsub.subscriptions: consume create createTagBinding delete deleteTagBinding get getIamPolicy list listEffectiveTags
    listTagBindings setIamPolicy update
pubsub.snapshots: create delete get getIamPolicy list seek setIamPolicy update
pubsub.schemas: attach commit create delete get getIamPolicy list listRevisions rollback setIamPolicy validate
cloudscheduler.jobs: create delete enable fullView get list pause run update
cloudscheduler.locations: get list
cloudkms.keyRings: create createTagBinding delete deleteTagBinding get getIamPolicy list listEffectiveTags
    listTagBindings setIamPolicy
cloudkms.cryptoKeys: create delete get getIamPolicy list setIamPolicy update
cloudkms.cryptoKeyVersions: create delete destroy get list restore update useToDecrypt useToEncrypt useToSign
    useToVerify viewPublicKey
cloudkms.locations: get list
orgpolicy.policy: get set
orgpolicy.policies: create delete list update
orgpolicy.constraints: list
bigquery.datasets: createTagBinding deleteTagBinding listEffectiveTags listTagBindings
bigquery.datasets: create delete get getIamPolicy setIamPolicy update
bigquery.tables: create delete export get getData getIamPolicy list setIamPolicy update updateData
bigquery.jobs: create delete get list listAll update
bigquery.routines: create delete get list update
bigquery.models: create delete getData getMetadata list updateData updateMetadata
cloudkms.locations: generateRandomBytes
storage.buckets: relocate
storage.objects: move
"""
